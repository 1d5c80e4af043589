/** Classes that set up a line, and what is told over it unasked. @source Blue Book ed. 14 §4.7 to §4.9, §4.4.8 */
export const communicationClasses = `
23 1 IEC HDLC setup
  comm_speed enum
  window_size_transmit unsigned
  window_size_receive unsigned
  max_info_field_length_transmit long-unsigned
  max_info_field_length_receive long-unsigned
  inter_octet_time_out long-unsigned
  inactivity_time_out long-unsigned
  device_address long-unsigned

25 0 M-Bus slave port setup
  default_baud enum
  avail_baud enum
  addr_state enum
  bus_address unsigned

40 0 Push setup
  push_object_list array(object-definition)
  send_destination_and_method structure(transport_service enum, destination octet-string, message enum)
  communication_window array(structure(start_time date-time, end_time date-time))
  randomisation_start_interval long-unsigned
  number_of_retries unsigned
  repetition_delay long-unsigned
  * push integer

41 0 TCP-UDP setup
  TCP_UDP_port long-unsigned
  IP_reference logical-name
  MSS long-unsigned
  nb_of_sim_conn unsigned
  inactivity_time_out long-unsigned

42 0 IPv4 setup
  DL_reference logical-name
  IP_address double-long-unsigned
  multicast_IP_address array(double-long-unsigned)
  IP_options array(structure(IP_option_type unsigned, IP_option_length unsigned, IP_option_data octet-string))
  subnet_mask double-long-unsigned
  gateway_IP_address double-long-unsigned
  use_DHCP_flag boolean
  primary_DNS_address double-long-unsigned
  secondary_DNS_address double-long-unsigned
  * add_mc_IP_address double-long-unsigned
  * delete_mc_IP_address double-long-unsigned
  * get_nbof_mc_IP_addresses any

43 0 MAC address setup
  MAC_address octet-string

44 0 PPP setup
  PHY_reference logical-name
  LCP_options array(structure(LCP_option_type unsigned, LCP_option_length unsigned, LCP_option_data any))
  IPCP_options array(structure(IPCP_option_type unsigned, IPCP_option_length unsigned, IPCP_option_data any))
  PPP_authentication any

45 0 GPRS modem setup
  APN octet-string
  PIN_code long-unsigned
  quality_of_service structure(default structure(precedence unsigned, delay unsigned, reliability unsigned, peak_throughput unsigned, mean_throughput unsigned), requested structure(precedence unsigned, delay unsigned, reliability unsigned, peak_throughput unsigned, mean_throughput unsigned))

47 0 GSM diagnostic
  operator visible-string
  status enum
  cs_attachment enum
  ps_status enum
  cell_info structure(cell_ID long-unsigned, location_ID long-unsigned, signal_quality unsigned, ber unsigned)
  adjacent_cells array(structure(cell_ID long-unsigned, signal_quality unsigned))
  capture_time date-time

47 1 GSM diagnostic
  operator visible-string
  status enum
  cs_attachment enum
  ps_status enum
  cell_info structure(cell_ID double-long-unsigned, location_ID long-unsigned, signal_quality unsigned, ber unsigned, mcc long-unsigned, mnc long-unsigned, channel_number double-long-unsigned)
  adjacent_cells array(structure(cell_ID double-long-unsigned, signal_quality unsigned))
  capture_time date-time

48 0 IPv6 setup
  DL_reference logical-name
  address_config_mode enum
  unicast_IPv6_addresses array(octet-string(16))
  multicast_IPv6_addresses array(octet-string(16))
  gateway_IPv6_addresses array(octet-string(16))
  primary_DNS_address octet-string(16)
  secondary_DNS_address octet-string(16)
  traffic_class unsigned
  neighbor_discovery_setup array(structure(max_retry unsigned, retry_wait_time long-unsigned, send_period double-long-unsigned))
  * add_IPv6_address structure(address_type enum, address octet-string(16))
  * remove_IPv6_address structure(address_type enum, address octet-string(16))

72 1 M-Bus client
  mbus_port_reference logical-name
  capture_definition array(structure(data_information_block octet-string, value_information_block octet-string))
  capture_period double-long-unsigned
  primary_address unsigned
  identification_number double-long-unsigned
  manufacturer_id long-unsigned
  version unsigned
  device_type unsigned
  access_number unsigned
  status unsigned
  alarm unsigned
  configuration long-unsigned
  encryption_key_status enum
  * slave_install unsigned
  * slave_deinstall integer
  * capture integer
  * reset_alarm integer
  * synchronize_clock integer
  * data_send array(structure(data_information_block octet-string, value_information_block octet-string, data any))
  * set_encryption_key octet-string
  * transfer_key octet-string
`
