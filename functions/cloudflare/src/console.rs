//! Logs to the runtime's console: one line of JSON an event, as Workers Logs reads them.

use std::fmt::Write as _;

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Sends what is logged to the console.
pub fn log() {
    // A second call, by an instance that was renewed, changes nothing.
    let _ = tracing::subscriber::set_global_default(Console);
}

struct Console;

impl Subscriber for Console {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = Line(format!(r#"{{"level":"{}","target":"{}""#, metadata.level(), metadata.target()));
        event.record(&mut line);
        line.0.push('}');
        match *metadata.level() {
            Level::ERROR => worker::console_error!("{}", line.0),
            Level::WARN => worker::console_warn!("{}", line.0),
            _ => worker::console_log!("{}", line.0),
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The fields of an event, as they are written.
struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        let text = serde_json::Value::from(value);
        // Writing to a String does not fail.
        let _ = write!(self.0, r#","{}":{text}"#, field.name());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
