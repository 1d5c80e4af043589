/**
 * The interface classes served here: attribute and method names in index order, attribute 1 first. Versions decide
 * layouts, so a class appears with the version that is implemented.
 * @source Blue Book ed. 14 §4.3 to §4.5
 */
export interface InterfaceClass {
  readonly classId: number
  readonly version: number
  readonly name: string
  readonly attributes: readonly string[]
  readonly methods: readonly string[]
}

export const interfaceClasses = {
  data: { classId: 1, version: 0, name: 'Data', attributes: ['logical_name', 'value'], methods: [] },
  register: {
    classId: 3,
    version: 0,
    name: 'Register',
    attributes: ['logical_name', 'value', 'scaler_unit'],
    methods: ['reset'],
  },
  profileGeneric: {
    classId: 7,
    version: 1,
    name: 'Profile generic',
    attributes: [
      'logical_name',
      'buffer',
      'capture_objects',
      'capture_period',
      'sort_method',
      'sort_object',
      'entries_in_use',
      'profile_entries',
    ],
    methods: ['reset', 'capture'],
  },
  clock: {
    classId: 8,
    version: 0,
    name: 'Clock',
    attributes: [
      'logical_name',
      'time',
      'time_zone',
      'status',
      'daylight_savings_begin',
      'daylight_savings_end',
      'daylight_savings_deviation',
      'daylight_savings_enabled',
      'clock_base',
    ],
    methods: [
      'adjust_to_quarter',
      'adjust_to_measuring_period',
      'adjust_to_minute',
      'adjust_to_preset_time',
      'preset_adjusting_time',
      'shift_time',
    ],
  },
  associationLn: {
    classId: 15,
    version: 1,
    name: 'Association LN',
    attributes: [
      'logical_name',
      'object_list',
      'associated_partners_id',
      'application_context_name',
      'xDLMS_context_info',
      'authentication_mechanism_name',
      'secret',
      'association_status',
      'security_setup_reference',
    ],
    methods: ['reply_to_HLS_authentication', 'change_HLS_secret', 'add_object', 'remove_object'],
  },
  sapAssignment: {
    classId: 17,
    version: 0,
    name: 'SAP assignment',
    attributes: ['logical_name', 'SAP_assignment_list'],
    methods: ['connect_logical_device'],
  },
  securitySetup: {
    classId: 64,
    version: 1,
    name: 'Security setup',
    attributes: [
      'logical_name',
      'security_policy',
      'security_suite',
      'client_system_title',
      'server_system_title',
      'certificates',
    ],
    methods: [
      'security_activate',
      'key_transfer',
      'key_agreement',
      'generate_key_pair',
      'generate_certificate_request',
      'import_certificate',
      'export_certificate',
      'remove_certificate',
    ],
  },
  disconnectControl: {
    classId: 70,
    version: 0,
    name: 'Disconnect control',
    attributes: ['logical_name', 'output_state', 'control_state', 'control_mode'],
    methods: ['remote_disconnect', 'remote_reconnect'],
  },
} as const satisfies Record<string, InterfaceClass>
