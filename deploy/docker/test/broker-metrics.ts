/**
 * The series of RabbitMQ 4.3's Prometheus plugin that rules and dashboards read; `broker-metrics.int.test.ts` compares them with a
 * broker. The detailed ones come from `/metrics/detailed` with the families that prometheus.yml asks for.
 */
export const brokerMetrics = [
  'rabbitmq_alarms_free_disk_space_watermark',
  'rabbitmq_alarms_memory_used_watermark',
  'rabbitmq_disk_space_available_bytes',
  'rabbitmq_disk_space_available_limit_bytes',
  'rabbitmq_process_resident_memory_bytes',
  'rabbitmq_resident_memory_limit_bytes',
  'rabbitmq_detailed_queue_consumers',
  'rabbitmq_detailed_queue_messages',
];
