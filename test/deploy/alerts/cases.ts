/** A situation, and the alert in it. Series are in promtool's notation: the value at each minute. */
export interface Firing {
  readonly series: Readonly<Record<string, string>>;
  /** When the rule is evaluated, minutes. */
  readonly at: number;
  /** The labels of the alert, without those of the rule. */
  readonly labels: Readonly<Record<string, string>>;
  /** The text that the person on call reads. */
  readonly summary: string;
}

/** A situation in which the alert must not fire. */
export type Situation = Pick<Firing, 'series' | 'at'>;

/** Situations that are close to the limit of a rule, on both sides of it. */
export interface AlertCase {
  readonly fires: Firing | readonly Firing[];
  readonly silent: Situation | readonly Situation[];
}

const N = 'namespace="cinematica"';
const HPA = `${N}, horizontalpodautoscaler="keda-hpa-denoiser"`;
const NATS = `${N}, statefulset="nats"`;
const DISK = `${N}, persistentvolumeclaim="data-nats-0", node="a"`;
const BACKUPS = `${N}, persistentvolumeclaim="backups"`;
const S3_SERVER = `${N}, persistentvolumeclaim="data-s3-server-0", node="a"`;
const GPU = 'exported_namespace="cinematica", Hostname="gpu-1", gpu="0"';
const gpu = { exported_namespace: 'cinematica', Hostname: 'gpu-1', gpu: '0' };
const OOM = `${N}, pod="muxer-1", container="muxer"`;
const BACKUP = `${N}, cronjob="backup"`;
/** A backup that began after 2000 s and failed. */
const FAILED_BACKUP = {
  [`kube_job_failed{${N}, job_name="backup-1", condition="true"}`]: '1x5',
  [`kube_job_status_start_time{${N}, job_name="backup-1"}`]: '2000x5',
  [`kube_job_owner{${N}, job_name="backup-1", owner_kind="CronJob", owner_name="backup"}`]: '1x5',
};
const JOB = `${N}, job_name="provisioner-abc"`;

/** For each alert, by its name without “Cinematica”. */
export const CASES: Readonly<Record<string, AlertCase>> = {
  GatewayDown: {
    fires: {
      series: {
        [`up{${N}, container="gateway", pod="a"}`]: '0x9',
        'up{namespace="other", container="gateway"}': '1x9',
      },
      at: 3,
      labels: {},
      summary: 'No gateway responds.',
    },
    silent: {
      series: { [`up{${N}, container="gateway", pod="a"}`]: '0x9', [`up{${N}, container="gateway", pod="b"}`]: '1x9' },
      at: 9,
    },
  },
  CallsFail: {
    fires: {
      series: {
        [`cinematica_rpc_total{${N}, code="Internal"}`]: '0+3x30',
        [`cinematica_rpc_total{${N}, code="ok"}`]: '0+97x30',
      },
      at: 25,
      labels: {},
      summary: '3% of the calls fail with a server error.',
    },
    silent: {
      series: {
        [`cinematica_rpc_total{${N}, code="NotFound"}`]: '0+50x30',
        [`cinematica_rpc_total{${N}, code="Internal"}`]: '0+1x30',
        [`cinematica_rpc_total{${N}, code="ok"}`]: '0+99x30',
      },
      at: 25,
    },
  },
  GatewayBusy: {
    fires: {
      series: { [`nodejs_eventloop_lag_p99_seconds{${N}, service="gateway", pod="gateway-1"}`]: '0.75x20' },
      at: 12,
      labels: { pod: 'gateway-1' },
      summary: 'The event loop of gateway-1 lags by 750ms: its responses are slow.',
    },
    silent: {
      series: { [`nodejs_eventloop_lag_p99_seconds{${N}, service="gateway", pod="g"}`]: '0.75x5 0.1x20' },
      at: 12,
    },
  },
  WebhooksFail: {
    fires: {
      series: { [`cinematica_webhook_attempts_total{${N}, outcome="given_up"}`]: '0x30 3x60' },
      at: 60,
      labels: {},
      summary: '3 webhooks were given up after a day of attempts.',
    },
    silent: { series: { [`cinematica_webhook_attempts_total{${N}, outcome="failed"}`]: '0+9x60' }, at: 60 },
  },
  WebhooksStand: {
    fires: {
      series: {
        [`cinematica_webhooks_late{${N}, pod="a"}`]: '7x20',
        [`cinematica_webhooks_late{${N}, pod="b"}`]: '6x20',
      },
      at: 12,
      labels: {},
      summary: '7 webhooks are due, but nobody calls them.',
    },
    silent: { series: { [`cinematica_webhooks_late{${N}, pod="a"}`]: '7x8 0x20' }, at: 12 },
  },
  CredentialExpires: {
    fires: {
      series: {
        [`cinematica_credential_expiry_timestamp_seconds{${N}, credential="content credentials"}`]: '1209600x90',
      },
      at: 80,
      labels: { credential: 'content credentials' },
      summary: 'content credentials expires in 13d 22h 40m 0s.',
    },
    silent: {
      series: { [`cinematica_credential_expiry_timestamp_seconds{${N}, credential="api-key ann"}`]: '1300000x90' },
      at: 80,
    },
  },
  TlsCertificateExpires: {
    // As Prometheus stores the series by default, and with honorLabels.
    fires: [
      'namespace="cert-manager", exported_namespace="cinematica", pod="cert-manager-1"',
      'namespace="cinematica", pod="cert-manager-1"',
    ].map((labels) => ({
      series: {
        [`certmanager_certificate_expiration_timestamp_seconds{${labels}, name="cinematica-tls"}`]: '1209600x90',
      },
      at: 80,
      labels: { name: 'cinematica-tls' },
      summary: 'cert-manager has not renewed the certificate cinematica-tls, which expires in 13d 22h 40m 0s.',
    })),
    silent: {
      series: {
        'certmanager_certificate_expiration_timestamp_seconds{namespace="other", name="x"}': '9x90',
        'certmanager_certificate_expiration_timestamp_seconds{namespace="cinematica", exported_namespace="other", name="y"}':
          '9x90',
        'certmanager_certificate_expiration_timestamp_seconds{namespace="cert-manager", exported_namespace="cinematica", name="z"}':
          '1300000x90',
      },
      at: 80,
    },
  },
  StageStands: {
    fires: {
      // The last step was in the first minute.
      series: {
        [`cinematica_due_tasks{${N}, stage="denoise"}`]: '4x30',
        [`cinematica_steps_total{${N}, stage="denoise"}`]: '5 6x30',
      },
      at: 17,
      labels: { stage: 'denoise' },
      summary: 'denoise has tasks, but no worker has made progress for a quarter of an hour.',
    },
    silent: [
      {
        series: {
          [`cinematica_due_tasks{${N}, stage="denoise"}`]: '4x30',
          [`cinematica_steps_total{${N}, stage="denoise"}`]: '5 6x10 7x20',
        },
        at: 17,
      },
      // The first video for a stage without workers: a node starts, it loads the image and the model, and the first step ends.
      {
        series: {
          [`cinematica_queue_depth{${N}, stage="denoise"}`]: '0x10 2x40',
          [`cinematica_due_tasks{${N}, stage="denoise"}`]: '0x10 2x40',
          [`cinematica_steps_total{${N}, stage="denoise", pod="a"}`]: '_x21 0+6x30',
        },
        at: 21,
      },
      // A rolling update: the pod of the new version needs some minutes for its first step.
      {
        series: {
          [`cinematica_due_tasks{${N}, stage="denoise"}`]: '4x40',
          [`cinematica_steps_total{${N}, stage="denoise", pod="a"}`]: '0+6x10 stale',
          [`cinematica_steps_total{${N}, stage="denoise", pod="b"}`]: '_x20 0+6x20',
        },
        at: 20,
      },
      // Tasks that cannot start yet: the denoiser takes an hour for its part of the video.
      {
        series: {
          [`cinematica_queue_depth{${N}, stage="decode"}`]: '4x60',
          [`cinematica_due_tasks{${N}, stage="decode"}`]: '0x60',
          [`cinematica_steps_total{${N}, stage="decode"}`]: '5x60',
          [`cinematica_due_tasks{${N}, stage="denoise"}`]: '1x60',
          [`cinematica_steps_total{${N}, stage="denoise"}`]: '0+1x60',
        },
        at: 55,
      },
      // A step on a CPU takes 25 minutes: the first one after an empty queue, and the one after it.
      ...[25, 50].map((at) => ({
        series: {
          [`cinematica_due_tasks{${N}, stage="denoise"}`]: '0 4x60',
          [`cinematica_steps_total{${N}, stage="denoise"}`]: '5x26 6x25 7x20',
          [`cinematica_build_info{${N}, stage="denoise", provider="cpu", pod="a"}`]: '1x60',
        },
        at,
      })),
      // The same, with a gateway that was started after the queue had been empty.
      {
        series: {
          [`cinematica_due_tasks{${N}, stage="denoise", pod="a"}`]: '0x10 4x50',
          [`cinematica_due_tasks{${N}, stage="denoise", pod="b"}`]: '_x20 4x40',
          [`cinematica_steps_total{${N}, stage="denoise"}`]: '5x60',
          [`cinematica_build_info{${N}, stage="denoise", provider="cpu", pod="a"}`]: '1x60',
        },
        at: 35,
      },
    ],
  },
  VideosNotStarted: {
    fires: {
      series: {
        [`cinematica_queue_depth{${N}, stage="encode"}`]: '3x20',
        [`cinematica_due_tasks{${N}, stage="encode"}`]: '0x20',
      },
      at: 6,
      labels: {},
      summary: 'Videos wait, but none is started, although no stage has a task.',
    },
    silent: {
      series: {
        [`cinematica_queue_depth{${N}, stage="encode"}`]: '3x20',
        [`cinematica_due_tasks{${N}, stage="encode"}`]: '0x20',
        [`cinematica_due_tasks{${N}, stage="denoise"}`]: '1x20',
      },
      at: 15,
    },
  },
  QueueSlow: {
    fires: {
      series: {
        [`cinematica_queue_wait_seconds_bucket{${N}, stage="denoise", le="300"}`]: '0x40',
        [`cinematica_queue_wait_seconds_bucket{${N}, stage="denoise", le="600"}`]: '0+10x40',
        [`cinematica_queue_wait_seconds_bucket{${N}, stage="denoise", le="+Inf"}`]: '0+10x40',
      },
      at: 35,
      labels: { stage: 'denoise' },
      summary: '5 % of the tasks wait 9m 45s or longer for denoise.',
    },
    silent: {
      series: {
        [`cinematica_queue_wait_seconds_bucket{${N}, stage="denoise", le="300"}`]: '0+10x40',
        [`cinematica_queue_wait_seconds_bucket{${N}, stage="denoise", le="+Inf"}`]: '0+10x40',
      },
      at: 35,
    },
  },
  FleetAtMaximum: {
    fires: {
      series: {
        [`kube_horizontalpodautoscaler_status_desired_replicas{${HPA}}`]: '8x40',
        [`kube_horizontalpodautoscaler_spec_max_replicas{${HPA}}`]: '8x40',
      },
      at: 32,
      labels: { horizontalpodautoscaler: 'keda-hpa-denoiser' },
      summary: 'keda-hpa-denoiser has wanted its largest number of workers, 8, for half an hour.',
    },
    silent: [
      {
        series: {
          [`kube_horizontalpodautoscaler_status_desired_replicas{${HPA}}`]: '8x20 7x20',
          [`kube_horizontalpodautoscaler_spec_max_replicas{${HPA}}`]: '8x40',
        },
        at: 32,
      },
      // The overlay one-gpu has one worker at most.
      {
        series: {
          [`kube_horizontalpodautoscaler_status_desired_replicas{${HPA}}`]: '1x40',
          [`kube_horizontalpodautoscaler_spec_max_replicas{${HPA}}`]: '1x40',
        },
        at: 32,
      },
    ],
  },
  VideosFail: {
    fires: {
      series: {
        [`cinematica_jobs_total{${N}, outcome="failed"}`]: '0+1x40',
        [`cinematica_jobs_total{${N}, outcome="done"}`]: '0+3x40',
      },
      at: 31,
      labels: {},
      summary: '25% of the videos fail.',
    },
    // Many videos of which few fail, in all 5 %.
    silent: {
      series: {
        [`cinematica_jobs_total{${N}, outcome="failed"}`]: '0+1x40',
        [`cinematica_jobs_total{${N}, outcome="done"}`]: '0+19x40',
      },
      at: 31,
    },
  },
  DeadLetters: {
    fires: {
      series: { [`cinematica_dead_letters_total{${N}, stage="mux"}`]: '0x30 2x60' },
      at: 60,
      labels: { stage: 'mux' },
      summary: '2 tasks of mux were given up and are in the stream DEAD.',
    },
    silent: { series: { [`cinematica_dead_letters_total{${N}, stage="mux"}`]: '2x90' }, at: 80 },
  },
  Redeliveries: {
    fires: {
      series: { [`cinematica_redeliveries_total{${N}, stage="decode"}`]: '0+2x20' },
      at: 16,
      labels: { stage: 'decode' },
      summary: 'Many tasks of decode are redelivered: workers crash, or renew their leases too late.',
    },
    silent: { series: { [`cinematica_redeliveries_total{${N}, stage="decode"}`]: '0+1x20' }, at: 16 },
  },
  OutOfMemory: {
    fires: {
      series: {
        [`kube_pod_container_status_restarts_total{${OOM}}`]: '0x5 1x20',
        [`kube_pod_container_status_last_terminated_reason{${OOM}, reason="OOMKilled"}`]: '1x25',
      },
      at: 10,
      labels: { pod: 'muxer-1', container: 'muxer' },
      summary: 'muxer in muxer-1 was killed because it was out of memory.',
    },
    silent: {
      series: {
        [`kube_pod_container_status_restarts_total{${OOM}}`]: '0x5 1x20',
        [`kube_pod_container_status_last_terminated_reason{${OOM}, reason="Error"}`]: '1x25',
      },
      at: 10,
    },
  },
  ChildrenDie: {
    fires: {
      series: { [`cinematica_child_restarts_total{${N}, stage="denoise"}`]: '0x10 5x30' },
      at: 30,
      labels: { stage: 'denoise' },
      summary: 'Child processes of denoise crash during tasks.',
    },
    silent: { series: { [`cinematica_child_restarts_total{${N}, stage="denoise"}`]: '0x10 3x30' }, at: 30 },
  },
  NoSpace: {
    fires: {
      series: { [`cinematica_no_space_total{${N}, stage="mux"}`]: '0+1x30' },
      at: 16,
      labels: { stage: 'mux' },
      summary: 'Tasks of mux wait because its temporary folder is full.',
    },
    silent: { series: { [`cinematica_no_space_total{${N}, stage="mux"}`]: '0x10 2x30' }, at: 16 },
  },
  ProvisionerFails: {
    fires: {
      series: { [`kube_job_status_active{${JOB}}`]: '1x20' },
      at: 16,
      labels: {},
      summary: 'Streams and consumers are not created: a new model gets no tasks.',
    },
    silent: { series: { [`kube_job_status_active{${JOB}}`]: '1x10 0x10' }, at: 16 },
  },
  WeightsMissing: {
    fires: {
      series: { [`kube_job_status_active{${N}, job_name="weights"}`]: '1x200' },
      at: 125,
      labels: {},
      summary: 'The weights have been downloading for more than two hours.',
    },
    silent: { series: { [`kube_job_status_active{${N}, job_name="weights"}`]: '1x90 0x100' }, at: 125 },
  },
  JobFailed: {
    fires: [
      {
        series: { [`kube_job_failed{${N}, job_name="weights", condition="true"}`]: '1x5' },
        at: 2,
        labels: { job_name: 'weights' },
        summary: 'The Job weights has failed, and none has succeeded since then.',
      },
      // The last backup that succeeded was before it.
      {
        series: { ...FAILED_BACKUP, [`kube_cronjob_status_last_successful_time{${BACKUP}}`]: '1000x5' },
        at: 2,
        labels: { job_name: 'backup-1' },
        summary: 'The Job backup-1 has failed, and none has succeeded since then.',
      },
    ],
    silent: [
      { series: { [`kube_job_failed{${N}, job_name="weights", condition="false"}`]: '1x5' }, at: 2 },
      // A later backup has succeeded.
      { series: { ...FAILED_BACKUP, [`kube_cronjob_status_last_successful_time{${BACKUP}}`]: '3000x5' }, at: 2 },
    ],
  },
  // The times in these metrics are seconds since the test has begun, so those before it are negative.
  BackupOld: {
    fires: [
      // No backup has ever succeeded. One is due every day.
      {
        series: {
          [`kube_cronjob_created{${BACKUP}}`]: '-90000x800',
          [`kube_cronjob_status_last_schedule_time{${BACKUP}}`]: '-78180x800',
          [`kube_cronjob_next_schedule_time{${BACKUP}}`]: '8220x800',
        },
        at: 730,
        labels: { cronjob: 'backup' },
        summary: 'No backup has succeeded for 1d 13h 10m 0s.',
      },
      // Somebody has suspended the CronJob.
      {
        series: {
          [`kube_cronjob_created{${BACKUP}}`]: '-200000x800',
          [`kube_cronjob_status_last_schedule_time{${BACKUP}}`]: '-91000x800',
          [`kube_cronjob_status_last_successful_time{${BACKUP}}`]: '-90000x800',
          [`kube_cronjob_spec_suspend{${BACKUP}}`]: '1x800',
        },
        at: 730,
        labels: { cronjob: 'backup' },
        summary: 'No backup has succeeded for 1d 13h 10m 0s.',
      },
    ],
    silent: [
      // The next one is being made, five hours after its time.
      {
        series: {
          [`kube_cronjob_created{${BACKUP}}`]: '-200000x800',
          [`kube_cronjob_status_last_schedule_time{${BACKUP}}`]: '25000x800',
          [`kube_cronjob_next_schedule_time{${BACKUP}}`]: '111400x800',
          [`kube_cronjob_status_last_successful_time{${BACKUP}}`]: '-60000x800',
        },
        at: 730,
      },
      // It was installed 23 hours ago, just after the time of the schedule.
      {
        series: {
          [`kube_cronjob_created{${BACKUP}}`]: '-40000x800',
          [`kube_cronjob_next_schedule_time{${BACKUP}}`]: '46000x800',
        },
        at: 730,
      },
      // A backup every week, the last one 65 hours ago.
      {
        series: {
          [`kube_cronjob_created{${BACKUP}}`]: '-200000x800',
          [`kube_cronjob_status_last_schedule_time{${BACKUP}}`]: '-191380x800',
          [`kube_cronjob_next_schedule_time{${BACKUP}}`]: '413420x800',
          [`kube_cronjob_status_last_successful_time{${BACKUP}}`]: '-190000x800',
        },
        at: 730,
      },
    ],
  },
  NatsRefuses: {
    fires: {
      series: { [`cinematica_canary_failures{${N}, service="muxer", pod="m"}`]: '2x10' },
      at: 4,
      labels: { service: 'muxer' },
      summary: 'NATS does not store and return messages of muxer.',
    },
    silent: { series: { [`cinematica_canary_failures{${N}, service="muxer", pod="m"}`]: '0 2 0 2 0 2 0 2' }, at: 5 },
  },
  NatsNoMajority: {
    fires: {
      series: {
        [`kube_statefulset_status_replicas_ready{${NATS}}`]: '1x5',
        [`kube_statefulset_replicas{${NATS}}`]: '3x5',
      },
      at: 2,
      labels: { statefulset: 'nats' },
      summary: 'Fewer than two NATS servers are ready: no write succeeds.',
    },
    // An installation with one server.
    silent: {
      series: {
        [`kube_statefulset_status_replicas_ready{${NATS}}`]: '1x5',
        [`kube_statefulset_replicas{${NATS}}`]: '1x5',
      },
      at: 4,
    },
  },
  NatsServerMissing: {
    fires: {
      series: {
        [`kube_statefulset_status_replicas_ready{${NATS}}`]: '2x20',
        [`kube_statefulset_replicas{${NATS}}`]: '3x20',
      },
      at: 16,
      labels: { statefulset: 'nats' },
      summary: 'One NATS server is not ready: the loss of another one stops all writes.',
    },
    silent: {
      series: {
        [`kube_statefulset_status_replicas_ready{${NATS}}`]: '2x10 3x10',
        [`kube_statefulset_replicas{${NATS}}`]: '3x20',
      },
      at: 16,
    },
  },
  NatsVolumeFilling: {
    fires: {
      series: {
        [`kubelet_volume_stats_available_bytes{${DISK}}`]: '14x20',
        [`kubelet_volume_stats_capacity_bytes{${DISK}}`]: '100x20',
      },
      at: 12,
      labels: { persistentvolumeclaim: 'data-nats-0', node: 'a' },
      summary: 'data-nats-0 has 14% free space.',
    },
    silent: {
      series: {
        [`kubelet_volume_stats_available_bytes{${DISK}}`]: '16x20',
        [`kubelet_volume_stats_capacity_bytes{${DISK}}`]: '100x20',
      },
      at: 12,
    },
  },
  NatsApiErrors: {
    fires: {
      series: { [`gnatsd_varz_jetstream_stats_api_errors{${N}, pod="nats-0"}`]: '0+120x30' },
      at: 25,
      labels: {},
      summary: 'JetStream refuses 2 requests a second.',
    },
    silent: { series: { [`gnatsd_varz_jetstream_stats_api_errors{${N}, pod="nats-0"}`]: '0+30x30' }, at: 25 },
  },
  NatsReplicaLags: {
    fires: {
      series: {
        [`jetstream_stream_last_seq{${N}, stream_name="KV_videos", pod="nats-0"}`]: '5000+600x20',
        // It stands from the second minute on.
        [`jetstream_stream_last_seq{${N}, stream_name="KV_videos", pod="nats-1"}`]: '5000 5600x20',
        [`jetstream_stream_last_seq{${N}, stream_name="WORK_mux", pod="nats-0"}`]: '9x20',
        [`jetstream_stream_last_seq{${N}, stream_name="WORK_mux", pod="nats-1"}`]: '9x20',
      },
      at: 18,
      labels: { stream_name: 'KV_videos' },
      summary: 'A replica of the stream KV_videos lacks 9000 messages that are older than two minutes.',
    },
    silent: [
      {
        series: {
          [`jetstream_stream_last_seq{${N}, stream_name="KV_videos", pod="nats-0"}`]: '5000x20',
          [`jetstream_stream_last_seq{${N}, stream_name="KV_videos", pod="nats-1"}`]: '4500x20',
        },
        at: 12,
      },
      // 300 messages a second, and a server that is scraped half a minute earlier than the others.
      {
        series: {
          [`jetstream_stream_last_seq{${N}, stream_name="KV_videos", pod="nats-0"}`]: '9000+18000x30',
          [`jetstream_stream_last_seq{${N}, stream_name="KV_videos", pod="nats-1"}`]: '0+18000x30',
        },
        at: 25,
      },
    ],
  },
  NatsSlowConsumers: {
    fires: {
      series: { [`gnatsd_varz_slow_consumers{${N}, pod="nats-0"}`]: '0x5 1x20' },
      at: 15,
      labels: { pod: 'nats-0' },
      summary: 'nats-0 has cut off 1 clients that read too slowly.',
    },
    silent: { series: { [`gnatsd_varz_slow_consumers{${N}, pod="nats-0"}`]: '4x30' }, at: 15 },
  },
  GpuXid: {
    fires: {
      series: { [`DCGM_FI_DEV_XID_ERRORS{${GPU}, pod="denoiser-1"}`]: '0x5 79x20' },
      at: 10,
      labels: gpu,
      summary: 'GPU 0 of gpu-1 reports a new Xid error.',
    },
    // An old error stays in the metric.
    silent: { series: { [`DCGM_FI_DEV_XID_ERRORS{${GPU}, pod="denoiser-1"}`]: '79x60' }, at: 50 },
  },
  GpuThrottled: {
    fires: {
      series: { [`DCGM_FI_DEV_THERMAL_VIOLATION{${GPU}}`]: '0+12e9x40' },
      at: 25,
      labels: gpu,
      summary: 'GPU 0 of gpu-1 is slowed down by heat for 20% of the time.',
    },
    silent: { series: { [`DCGM_FI_DEV_THERMAL_VIOLATION{${GPU}}`]: '0+3e9x40' }, at: 25 },
  },
  GpuMemoryFull: {
    fires: {
      series: { [`DCGM_FI_DEV_FB_USED{${GPU}}`]: '99x20', [`DCGM_FI_DEV_FB_FREE{${GPU}}`]: '1x20' },
      at: 10,
      labels: gpu,
      summary: '99% of the memory of GPU 0 of gpu-1 is in use.',
    },
    silent: { series: { [`DCGM_FI_DEV_FB_USED{${GPU}}`]: '90x20', [`DCGM_FI_DEV_FB_FREE{${GPU}}`]: '10x20' }, at: 10 },
  },
  StorageWillFill: {
    fires: {
      // 64 % of the limit after seven hours, and 2 % more every hour. Below, it is 0.9 %.
      series: {
        [`cinematica_storage_bytes{${N}, bucket="media", store="nats"}`]: '500+0.3333x500',
        [`cinematica_storage_limit_bytes{${N}, bucket="media", store="nats"}`]: '1000x500',
      },
      at: 420,
      labels: { bucket: 'media' },
      summary:
        'The bucket media is more than half full, and will be full within a day at the rate of the last six hours.',
    },
    silent: {
      series: {
        [`cinematica_storage_bytes{${N}, bucket="media", store="nats"}`]: '500+0.15x500',
        [`cinematica_storage_limit_bytes{${N}, bucket="media", store="nats"}`]: '1000x500',
      },
      at: 420,
    },
  },
  StorageFilling: {
    fires: {
      series: {
        [`cinematica_storage_bytes{${N}, bucket="media", store="nats", pod="a"}`]: '86x20',
        [`cinematica_storage_limit_bytes{${N}, bucket="media", store="nats", pod="a"}`]: '100x20',
      },
      at: 12,
      labels: { bucket: 'media' },
      summary: '86% of the bucket media is in use: new videos are refused from 94% on.',
    },
    silent: {
      series: {
        [`cinematica_storage_bytes{${N}, bucket="media", store="nats", pod="a"}`]: '84x20',
        [`cinematica_storage_limit_bytes{${N}, bucket="media", store="nats", pod="a"}`]: '100x20',
      },
      at: 12,
    },
  },
  VideosRefused: {
    fires: {
      series: { [`cinematica_storage_refusals_total{${N}}`]: '0x5 4x20' },
      at: 10,
      labels: {},
      summary: '4 videos were refused because there is no room for their files.',
    },
    silent: { series: { [`cinematica_storage_refusals_total{${N}}`]: '4x30' }, at: 10 },
  },
  StreamFilling: {
    fires: {
      series: {
        [`cinematica_stream_messages{${N}, stream="WEBHOOKS"}`]: '81x20',
        [`cinematica_stream_limit_messages{${N}, stream="WEBHOOKS"}`]: '100x20',
      },
      at: 12,
      labels: { stream: 'WEBHOOKS' },
      summary: 'The stream WEBHOOKS holds 81% of the messages that it may hold.',
    },
    // Its oldest messages make room.
    silent: {
      series: {
        [`cinematica_stream_messages{${N}, stream="DEAD"}`]: '99x20',
        [`cinematica_stream_limit_messages{${N}, stream="DEAD"}`]: '100x20',
      },
      at: 12,
    },
  },
  VolumeFilling: {
    fires: [
      {
        // A backup of ten minutes. Until the next one, the kubelet says nothing of the volume.
        series: {
          [`kubelet_volume_stats_available_bytes{${BACKUPS}, node="a"}`]: '_x10 14x10',
          [`kubelet_volume_stats_capacity_bytes{${BACKUPS}, node="a"}`]: '_x10 100x10',
        },
        at: 90,
        labels: { persistentvolumeclaim: 'backups' },
        summary: 'The volume backups has 14% free space.',
      },
      {
        series: {
          [`kubelet_volume_stats_available_bytes{${S3_SERVER}}`]: '20x10 13x20',
          [`kubelet_volume_stats_capacity_bytes{${S3_SERVER}}`]: '100x30',
        },
        at: 20,
        labels: { persistentvolumeclaim: 'data-s3-server-0' },
        summary: 'The volume data-s3-server-0 has 13% free space.',
      },
    ],
    silent: [
      {
        series: {
          [`kubelet_volume_stats_available_bytes{${BACKUPS}, node="a"}`]: '_x10 16x10',
          [`kubelet_volume_stats_capacity_bytes{${BACKUPS}, node="a"}`]: '_x10 100x10',
          [`kubelet_volume_stats_available_bytes{${S3_SERVER}}`]: '16x90',
          [`kubelet_volume_stats_capacity_bytes{${S3_SERVER}}`]: '100x90',
          // Of another alert.
          [`kubelet_volume_stats_available_bytes{${DISK}}`]: '1x90',
          [`kubelet_volume_stats_capacity_bytes{${DISK}}`]: '100x90',
        },
        at: 90,
      },
      // The volume was enlarged, and the next backup ran on another node.
      {
        series: {
          [`kubelet_volume_stats_available_bytes{${BACKUPS}, node="a"}`]: '_x10 14x10',
          [`kubelet_volume_stats_capacity_bytes{${BACKUPS}, node="a"}`]: '_x10 100x10',
          [`kubelet_volume_stats_available_bytes{${BACKUPS}, node="b"}`]: '_x60 114x10',
          [`kubelet_volume_stats_capacity_bytes{${BACKUPS}, node="b"}`]: '_x60 200x10',
        },
        at: 90,
      },
    ],
  },
  S3Refuses: {
    fires: {
      series: { [`cinematica_s3_failures{${N}, service="muxer", pod="m"}`]: '2x10' },
      at: 4,
      labels: { service: 'muxer' },
      summary: 'The service muxer cannot use S3.',
    },
    silent: { series: { [`cinematica_s3_failures{${N}, service="muxer", pod="m"}`]: '0 2 0 2 0 2 0 2' }, at: 5 },
  },
};
