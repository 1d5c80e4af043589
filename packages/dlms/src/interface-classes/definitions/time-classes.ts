/** Classes of time and of what happens at a time. @source Blue Book ed. 14 §4.5 */
export const timeClasses = `
8 0 Clock
  time date-time
  time_zone long
  status unsigned
  daylight_savings_begin date-time
  daylight_savings_end date-time
  daylight_savings_deviation integer
  daylight_savings_enabled boolean
  clock_base enum
  * adjust_to_quarter integer
  * adjust_to_measuring_period integer
  * adjust_to_minute integer
  * adjust_to_preset_time integer
  * preset_adjusting_time structure(preset_time date-time, validity_interval_start date-time, validity_interval_end date-time)
  * shift_time long

9 0 Script table
  scripts array(structure(script_identifier long-unsigned, actions array(structure(service_id enum, class_id long-unsigned, logical_name logical-name, index integer, parameter any))))
  * execute long-unsigned

11 0 Special days table
  entries array(structure(index long-unsigned, specialday_date date, day_id unsigned))
  * insert structure(index long-unsigned, specialday_date date, day_id unsigned)
  * delete long-unsigned

20 0 Activity calendar
  calendar_name_active octet-string
  season_profile_active array(structure(season_profile_name octet-string, season_start date-time, week_name octet-string))
  week_profile_table_active array(structure(week_profile_name octet-string, monday unsigned, tuesday unsigned, wednesday unsigned, thursday unsigned, friday unsigned, saturday unsigned, sunday unsigned))
  day_profile_table_active array(structure(day_id unsigned, day_schedule array(structure(start_time time, script_logical_name logical-name, script_selector long-unsigned))))
  calendar_name_passive octet-string
  season_profile_passive array(structure(season_profile_name octet-string, season_start date-time, week_name octet-string))
  week_profile_table_passive array(structure(week_profile_name octet-string, monday unsigned, tuesday unsigned, wednesday unsigned, thursday unsigned, friday unsigned, saturday unsigned, sunday unsigned))
  day_profile_table_passive array(structure(day_id unsigned, day_schedule array(structure(start_time time, script_logical_name logical-name, script_selector long-unsigned))))
  activate_passive_calendar_time date-time
  * activate_passive_calendar integer

22 0 Single action schedule
  executed_script script-reference
  type enum
  execution_time array(structure(time time, date date))
`
