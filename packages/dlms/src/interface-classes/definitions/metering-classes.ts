/** Classes that hold values and act on them. @source Blue Book ed. 14 §4.3, §4.5 */
export const meteringClasses = `
1 0 Data
  value any

3 0 Register
  value any
  scaler_unit scaler-unit
  * reset integer

4 0 Extended register
  value any
  scaler_unit scaler-unit
  status any
  capture_time date-time
  * reset integer

5 0 Demand register
  current_average_value any
  last_average_value any
  scaler_unit scaler-unit
  status any
  capture_time date-time
  start_time_current date-time
  period double-long-unsigned
  number_of_periods long-unsigned
  * reset integer
  * next_period integer

6 0 Register activation
  register_assignment array(structure(class_id long-unsigned, logical_name logical-name))
  mask_list array(structure(mask_name octet-string, index_list array(unsigned)))
  active_mask octet-string
  * add_register structure(class_id long-unsigned, logical_name logical-name)
  * add_mask structure(mask_name octet-string, index_list array(unsigned))
  * delete_mask octet-string

7 1 Profile generic
  buffer array(any)
  capture_objects array(object-definition)
  capture_period double-long-unsigned
  sort_method enum
  sort_object object-definition
  entries_in_use double-long-unsigned
  profile_entries double-long-unsigned
  * reset integer
  * capture integer

61 0 Register table
  table_cell_values any
  table_cell_definition structure(class_id long-unsigned, logical_name logical-name, group_E_values array(unsigned), attribute_index integer)
  scaler_unit scaler-unit
  * reset integer
  * capture integer

21 0 Register monitor
  thresholds array(any)
  monitored_value value-definition
  actions array(structure(action_up script-reference, action_down script-reference))

68 0 Arbitrator
  actions array(script-reference)
  permissions_table array(bit-string)
  weightings_table array(array(long-unsigned))
  most_recent_requests_table array(bit-string)
  last_outcome unsigned
  * request_action structure(request_actor unsigned, request_action_list bit-string)
  * reset integer

70 0 Disconnect control
  output_state boolean
  control_state enum
  control_mode enum
  * remote_disconnect integer
  * remote_reconnect integer

71 0 Limiter
  monitored_value value-definition
  threshold_active any
  threshold_normal any
  threshold_emergency any
  min_over_threshold_duration double-long-unsigned
  min_under_threshold_duration double-long-unsigned
  emergency_profile structure(emergency_profile_id long-unsigned, emergency_activation_time date-time, emergency_duration double-long-unsigned)
  emergency_profile_group_id_list array(long-unsigned)
  emergency_profile_active boolean
  actions structure(action_over_threshold script-reference, action_under_threshold script-reference)

122 0 Function control
  activation_status array(structure(function_name octet-string, function_status boolean))
  function_list array(structure(function_name octet-string, function_specification array(structure(class_id long-unsigned, logical_name logical-name))))
  * set_function_status array(structure(function_name octet-string, function_status boolean))
  * add_function structure(function_name octet-string, function_specification array(structure(class_id long-unsigned, logical_name logical-name)))
  * remove_function structure(function_name octet-string, function_specification array(structure(class_id long-unsigned, logical_name logical-name)))

123 0 Array manager
  array_object_list array(structure(array_object_id unsigned, array_object_element value-definition))
  * retrieve_number_of_entries unsigned
  * retrieve_entries structure(array_object_id unsigned, retrieve_descriptor structure(from_entry long-unsigned, to_entry long-unsigned))
  * insert_entry structure(array_object_id unsigned, insert_descriptor structure(entry_number long-unsigned, entry any))
  * update_entry structure(array_object_id unsigned, update_descriptor structure(entry_number long-unsigned, entry any))
  * remove_entries structure(array_object_id unsigned, remove_descriptor structure(from_entry long-unsigned, to_entry long-unsigned))
`
