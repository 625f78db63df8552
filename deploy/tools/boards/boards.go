package main

// p95 is the 95th percentile of a histogram by a label.
func p95(histogram, by string) string {
	return "histogram_quantile(0.95, sum by (le, " + by + ") (rate(" + histogram + "_bucket[$__rate_interval])))"
}

// Workers count the same rows: what they count of the platform is a maximum over them.
var boards = []board{
	{"overview", "Satchel: overview", "What people get, and what is missing. The first place to look when an alert has fired.", []row{
		{"Objectives", []panel{
			{"Requests that fail by our fault", "The objective is 0.1 % in 30 days.", "percentunit", []line{{"satchel:api_errors:ratio_rate5m", "5 minutes"}, {"satchel:api_errors:ratio_rate1h", "1 hour"}, {"satchel:api_errors:ratio_rate6h", "6 hours"}}},
			{"Files whose outcome came later than five minutes", "The objective is 1 % in 30 days.", "percentunit", []line{{"satchel:files_late:ratio_rate5m", "5 minutes"}, {"satchel:files_late:ratio_rate1h", "1 hour"}, {"satchel:files_late:ratio_rate6h", "6 hours"}}},
		}},
		{"Requests", []panel{
			{"Requests by status", "", "reqps", one("sum by (status) (rate(satchel_api_request_duration_seconds_count[$__rate_interval]))", "{{status}}")},
			{"Time of an answer, 95th percentile, by method", "Uploads and downloads last as long as their bytes flow.", "s", one(p95("satchel_api_request_duration_seconds", "method"), "{{method}}")},
			{"Slowest routes, 95th percentile", "", "s", one("topk(10, "+p95("satchel_api_request_duration_seconds", "route")+")", "{{route}}")},
			{"Requests above a limit", "By whose limit: an address, a person, an organization.", "reqps", one("sum by (limit) (rate(satchel_api_rate_limited_total[$__rate_interval]))", "{{limit}}")},
		}},
		{"Files", []panel{
			{"Outcomes", "", "ops", one("sum by (outcome) (rate(satchel_file_settle_seconds_count[$__rate_interval]))", "{{outcome}}")},
			{"From acceptance to outcome", "With the time in the organization's queue.", "s", []line{
				{"histogram_quantile(0.5, sum by (le) (rate(satchel_file_settle_seconds_bucket[$__rate_interval])))", "half"},
				{"histogram_quantile(0.95, sum by (le) (rate(satchel_file_settle_seconds_bucket[$__rate_interval])))", "95 %"},
				{"histogram_quantile(0.99, sum by (le) (rate(satchel_file_settle_seconds_bucket[$__rate_interval])))", "99 %"}}},
			{"What waits", "", "short", one("max by (work) (satchel_backlog_items)", "{{work}}")},
			{"For how long the oldest has waited", "", "s", one("max by (work) (satchel_backlog_age_seconds)", "{{work}}")},
		}},
		{"Parts", []panel{
			{"Parts that are reached", "1 in every program, or somebody waits.", "short", one("min by (job, dependency) (satchel_dependency_up)", "{{job}} {{dependency}}")},
			{"Programs that answer", "", "short", one(`sum by (job) (up{job=~"satchel-.*"})`, "{{job}}")},
		}},
	}},
	{"work", "Satchel: work", "Queues, steps, sweeps and recurring jobs of the workers.", []row{
		{"Queues", []panel{
			{"Age of the oldest step", "", "s", one("max by (queue) (satchel_queue_backlog_age_seconds)", "{{queue}}")},
			{"From due to begun, 95th percentile", "Above five seconds a queue has too few slots or workers.", "s", one(p95("temporal_activity_schedule_to_start_latency_seconds", "task_queue"), "{{task_queue}}")},
			{"Queues that operators hold", "", "short", one("max by (queue) (satchel_queue_paused)", "{{queue}}")},
			{"Free slots", "Of activities, over all workers.", "short", one(`sum by (task_queue) (temporal_worker_task_slots_available{worker_type="ActivityWorker"})`, "{{task_queue}}")},
		}},
		{"Jobs and steps", []panel{
			{"Time of a step, 95th percentile, by kind of job", "", "s", one(p95("satchel_job_step_run_seconds", "kind"), "{{kind}}")},
			{"Wait of a step, 95th percentile, by kind of job", "", "s", one(p95("satchel_job_step_wait_seconds", "kind"), "{{kind}}")},
			{"Attempts of activities that failed, by code", "", "ops", one(`sum by (outcome) (rate(satchel_worker_activities_total{outcome!="done"}[$__rate_interval]))`, "{{outcome}}")},
			{"Workflows that cannot go on", "Any is a fault: see the runbook workflow-stuck.", "short", one("sum by (workflow_type) (increase(temporal_workflow_task_execution_failed_total[10m]))", "{{workflow_type}}")},
		}},
		{"What finishes what is left", []panel{
			{"Since the last success of a sweep", "", "s", one("time() - max by (sweep) (satchel_sweep_last_success_timestamp_seconds)", "{{sweep}}")},
			{"What sweeps found", "", "ops", one("sum by (sweep, outcome) (rate(satchel_sweep_items_total[$__rate_interval]))", "{{sweep}} {{outcome}}")},
			{"Periods since the last success of a recurring job", "Above 2.5 an alert fires.", "short", one("(time() - max by (schedule) (satchel_schedule_last_success_timestamp_seconds)) / max by (schedule) (satchel_schedule_period_seconds)", "{{schedule}}")},
			{"Rows and objects that disagree", "", "short", one("sum by (kind) (increase(satchel_reconcile_findings_total[1h]))", "{{kind}}")},
		}},
		{"Outgoing", []panel{
			{"Webhooks by result", "", "ops", one("sum by (result) (rate(satchel_webhook_attempts_total[$__rate_interval]))", "{{result}}")},
			{"From an event to its delivery, 95th percentile", "", "s", one("histogram_quantile(0.95, sum by (le) (rate(satchel_webhook_delivery_seconds_bucket[$__rate_interval])))", "webhooks")},
			{"Requests to Roblox by outcome", "", "reqps", one("sum by (outcome) (rate(satchel_roblox_requests_total[$__rate_interval]))", "{{outcome}}")},
			{"Wait for a turn at Roblox, 95th percentile", "", "s", one(p95("satchel_roblox_turn_wait_seconds", "kind"), "{{kind}}")},
		}},
	}},
	{"bytes", "Satchel: bytes", "Uploads, what tiers use, and the cache in front of the content host.", []row{
		{"Uploads", []panel{
			{"Bytes that arrive", "", "Bps", one("sum by (protocol) (rate(satchel_uploads_received_bytes_total[$__rate_interval]))", "{{protocol}}")},
			{"Uploads that ended, by what became of them", "", "ops", one("sum by (outcome) (rate(satchel_uploads_ended_uploads_total[$__rate_interval]))", "{{outcome}}")},
			{"Requests that bring bytes right now", "", "short", one("sum by (protocol) (satchel_uploads_active_requests)", "{{protocol}}")},
			{"Requests that wait for a file", "", "short", one("sum(satchel_api_watchers)", "waiting")},
			{"Where memberships are read", "From the cache, as long as the database tells of changes.", "ops", one("sum by (from) (rate(satchel_api_memberships_total[$__rate_interval]))", "{{from}}")},
		}},
		{"Tiers", []panel{
			{"Bytes that are stored", "", "bytes", one("max by (tier) (satchel_tier_used_bytes)", "{{tier}}")},
			{"Bytes in, of a day", "Moves with the hourly roll-up.", "bytes", one("max by (tier) (increase(satchel_tier_bytes_in_total[1d]))", "{{tier}}")},
			{"Bytes out, of a day", "Moves with the hourly roll-up.", "bytes", one("max by (tier) (increase(satchel_tier_bytes_out_total[1d]))", "{{tier}}")},
			{"Organizations", "", "short", one("max by (tier) (satchel_tier_organizations)", "{{tier}}")},
		}},
		{"Edge", []panel{
			{"Answers to the edge", "", "reqps", one("sum by (answer) (rate(satchel_edge_answers_total[$__rate_interval]))", "{{answer}}")},
			{"Bytes allowed, and fetched to fill the cache", "", "Bps", []line{{"sum(rate(satchel_edge_allowed_bytes_total[$__rate_interval]))", "allowed"}, {"sum(rate(satchel_edge_fetched_bytes_total[$__rate_interval]))", "fetched"}}},
			{"From what ended to the cache that was told, 95th percentile", "", "s", one("histogram_quantile(0.95, sum by (le) (rate(satchel_edge_purge_seconds_bucket[$__rate_interval])))", "purges")},
			{"Keys that the cache was not told", "", "short", one("max by (state) (satchel_edge_backlog_keys)", "{{state}}")},
		}},
	}},
	{"machines", "Satchel: database and machines", "Postgres, its archive, spools, the scanner and the programs themselves.", []row{
		{"Postgres", []panel{
			{"Connections in use", "As a share of the pool.", "percentunit", one("satchel_database_connections_in_use / satchel_database_connections_max", "{{job}} {{instance}}")},
			{"Waiting for a connection", "Seconds of waiting in a second.", "s", one("rate(satchel_database_acquire_wait_seconds_total[$__rate_interval])", "{{job}} {{instance}}")},
			{"Segments of the WAL that are not archived", "", "short", one("max(satchel_database_archive_waiting_segments)", "segments")},
			{"WAL that is kept for replication slots", "", "bytes", one("max by (slot) (satchel_database_slot_kept_bytes)", "{{slot}}")},
			{"Lag of the standby that answers reads", "Some tenths of a second are those of measuring it.", "s", one("max by (instance) (satchel_replica_lag_seconds)", "{{instance}}")},
			{"Reads that the standby may answer, by who did", "By the reason where the primary did: see the runbook replica-lags.", "ops", one("sum by (pool, reason) (rate(satchel_database_reads_total[$__rate_interval]))", "{{pool}} {{reason}}")},
			{"Age of the last backup", "", "s", one("time() - max by (kind) (satchel_backup_last_success_timestamp_seconds)", "{{kind}}")},
			{"Errors of Temporal's database", "", "ops", one("sum by (operation) (rate(persistence_errors[$__rate_interval]))", "{{operation}}")},
		}},
		{"Statements of Postgres", []panel{
			{"Statements that take most of the time", "Seconds of running in a second, by the name in the code.", "s", one("topk(10, sum by (statement) (rate(pg_stat_statements_seconds_total[$__rate_interval])))", "{{statement}}")},
			{"Statements that run most often", "", "ops", one("topk(10, sum by (statement) (rate(pg_stat_statements_calls_total[$__rate_interval])))", "{{statement}}")},
			{"Slowest statements, on average", "", "s", one("topk(10, sum by (statement) (rate(pg_stat_statements_seconds_total[$__rate_interval])) / (sum by (statement) (rate(pg_stat_statements_calls_total[$__rate_interval])) > 0))", "{{statement}}")},
			{"Rows of a statement, on average", "What gives or changes most rows each time.", "short", one("topk(10, sum by (statement) (rate(pg_stat_statements_rows_total[$__rate_interval])) / (sum by (statement) (rate(pg_stat_statements_calls_total[$__rate_interval])) > 0))", "{{statement}}")},
		}},
		{"Machines", []panel{
			{"Room of the spools", "As a share of the disk.", "percentunit", one("satchel_spool_free_bytes / satchel_spool_size_bytes", "{{job}} {{instance}}")},
			{"Room of the disks", "As a share.", "percentunit", one(`node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay|squashfs"} / node_filesystem_size_bytes`, "{{instance}} {{mountpoint}}")},
			{"Age of the virus signatures", "", "s", one("time() - min(satchel_scanner_signatures_timestamp_seconds)", "signatures")},
			{"Days until a certificate ends", "", "d", one("(probe_ssl_earliest_cert_expiry - time()) / 86400", "{{instance}}")},
			{"Memory", "Resident.", "bytes", one(`process_resident_memory_bytes{job=~"satchel-.*"}`, "{{job}} {{instance}}")},
			{"Processor", "Cores in use.", "short", one(`rate(process_cpu_seconds_total{job=~"satchel-.*"}[$__rate_interval])`, "{{job}} {{instance}}")},
			{"Goroutines", "", "short", one(`go_goroutines{job=~"satchel-.*"}`, "{{job}} {{instance}}")},
			{"Open files", "As a share of the limit.", "percentunit", one(`process_open_fds{job=~"satchel-.*"} / process_max_fds`, "{{job}} {{instance}}")},
		}},
	}},
}
