/** Classes of who may do what, of software and of payment. @source Blue Book ed. 14 §4.4, §4.6 */
export const accessClasses = `
15 1 Association LN
  object_list array(structure(class_id long-unsigned, version unsigned, logical_name logical-name, access_rights any))
  associated_partners_id structure(client_SAP integer, server_SAP long-unsigned)
  application_context_name any
  xDLMS_context_info structure(conformance bit-string, max_receive_pdu_size long-unsigned, max_send_pdu_size long-unsigned, dlms_version_number unsigned, quality_of_service integer, cyphering_info octet-string)
  authentication_mechanism_name any
  secret octet-string
  association_status enum
  security_setup_reference logical-name
  * reply_to_HLS_authentication octet-string
  * change_HLS_secret octet-string
  * add_object any
  * remove_object any

17 0 SAP assignment
  SAP_assignment_list array(structure(SAP long-unsigned, logical_device_name octet-string))
  * connect_logical_device structure(SAP long-unsigned, logical_device_name octet-string)

18 0 Image transfer
  image_block_size double-long-unsigned
  image_transferred_blocks_status bit-string
  image_first_not_transferred_block_number double-long-unsigned
  image_transfer_enabled boolean
  image_transfer_status enum
  image_to_activate_info array(structure(image_to_activate_size double-long-unsigned, image_to_activate_identification octet-string, image_to_activate_signature octet-string))
  * image_transfer_initiate structure(image_identifier octet-string, image_size double-long-unsigned)
  * image_block_transfer structure(image_block_number double-long-unsigned, image_block_value octet-string)
  * image_verify integer
  * image_activate integer

64 1 Security setup
  security_policy enum
  security_suite enum
  client_system_title octet-string
  server_system_title octet-string
  certificates array(any)
  * security_activate enum
  * key_transfer array(structure(key_id enum, key_wrapped octet-string))
  * key_agreement array(structure(key_id enum, key_data octet-string))
  * generate_key_pair enum
  * generate_certificate_request enum
  * import_certificate octet-string
  * export_certificate any
  * remove_certificate any

111 0 Account
  account_mode_and_status structure(account_mode enum, account_status enum)
  current_credit_in_use unsigned
  current_credit_status bit-string
  available_credit double-long
  amount_to_clear double-long
  clearance_threshold double-long
  aggregated_debt double-long
  credit_reference_list array(logical-name)
  charge_reference_list array(logical-name)
  credit_charge_configuration array(structure(credit_reference logical-name, charge_reference logical-name, collection_configuration bit-string))
  token_gateway_configuration array(structure(credit_reference logical-name, token_proportion unsigned))
  account_activation_time date-time
  account_closure_time date-time
  currency structure(currency_name utf8-string, currency_scale integer, currency_unit enum)
  low_credit_threshold double-long
  next_credit_available_threshold double-long
  max_provision long-unsigned
  max_provision_period double-long
  * activate_account integer
  * close_account integer
  * reset_account integer

112 0 Credit
  current_credit_amount double-long
  credit_type enum
  priority unsigned
  warning_threshold double-long
  limit double-long
  credit_configuration bit-string
  credit_status enum
  preset_credit_amount double-long
  credit_available_threshold double-long
  period date-time
  * update_amount double-long
  * set_amount_to_value double-long
  * invoke_credit integer

113 0 Charge
  total_amount_paid double-long
  charge_type enum
  priority unsigned
  unit_charge_active structure(charge_per_unit_scaling structure(commodity_scale integer, price_scale integer), commodity_reference value-definition, charge_table array(structure(index octet-string, charge_per_unit long)))
  unit_charge_passive structure(charge_per_unit_scaling structure(commodity_scale integer, price_scale integer), commodity_reference value-definition, charge_table array(structure(index octet-string, charge_per_unit long)))
  unit_charge_activation_time date-time
  period double-long-unsigned
  charge_configuration bit-string
  last_collection_time date-time
  last_collection_amount double-long
  total_amount_remaining double-long
  proportion long-unsigned
  * update_unit_charge array(structure(index octet-string, charge_per_unit long))
  * activate_passive_unit_charge integer
  * collect integer
  * update_total_amount_remaining double-long
  * set_total_amount_remaining double-long

115 0 Token gateway
  token octet-string
  token_time date-time
  token_description array(octet-string)
  token_delivery_method enum
  token_status structure(status_code enum, data_value bit-string)
  * enter octet-string

116 0 IEC 62055-41 attributes
  meter_PAN structure(issuer_identification_number double-long-unsigned, decoder_reference_number long64-unsigned, PAN_check_digit unsigned)
  commodity visible-string
  token_carrier_types array(unsigned)
  encryption_algorithm unsigned
  supply_group_code double-long-unsigned
  tariff_index unsigned
  key_revision_number unsigned
  key_type unsigned
  key_expiry_number unsigned
  no_of_KCT_supported unsigned
  STS_certificate_number visible-string

124 0 Communication port protection
  protection_mode enum
  allowed_failed_attempts long-unsigned
  initial_lockout_time double-long-unsigned
  steepness_factor unsigned
  max_lockout_time double-long-unsigned
  port_reference logical-name
  protection_status enum
  failed_attempts double-long-unsigned
  cumulative_failed_attempts double-long-unsigned
  * reset integer
`
