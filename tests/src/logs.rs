//! What this process logs, kept to be looked through.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};

use tracing_subscriber::fmt::MakeWriter;

/// All that was logged since [`Logs::keep`].
#[derive(Clone, Debug, Default)]
pub struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Keeps everything that is logged from now on, what helps to debug included; the same logs for the whole process.
    pub fn keep() -> Self {
        static KEPT: OnceLock<Logs> = OnceLock::new();
        let keep = || {
            let logs = Self::default();
            let subscriber =
                tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG);
            subscriber.with_ansi(false).with_writer(logs.clone()).init();
            logs
        };
        KEPT.get_or_init(keep).clone()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic while logging")).into_owned()
    }
}

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic while logging").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logs {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
