//! Logs for machines: one JSON object per line on standard error.

use tracing_subscriber::EnvFilter;

/// Logs as JSON from here on. The level is `info`, or what `RUST_LOG` says. A
/// second call, or another subscriber before it, changes nothing.
pub fn log_as_json() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logging = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter);
    // Already logging: whoever began knows better.
    _ = logging.with_writer(std::io::stderr).try_init();
}
