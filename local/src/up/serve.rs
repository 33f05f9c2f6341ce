//! The one listening port: taken first, so that a port in use is said before anything is started.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::UpError;

/// For so long answers that are under way may go on when stopping; streams without an end don't.
const DRAIN: Duration = Duration::from_secs(3);

pub(super) struct Origin {
    listener: std::net::TcpListener,
    /// Without a slash at its end.
    pub url: String,
}

pub(super) struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

pub(super) fn listen(port: u16) -> Result<Origin, UpError> {
    let flag = "--port";
    let bound = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = bound.map_err(|source| taken_or(source, port, flag))?;
    let of_port = |source| UpError::Port { port, flag, source };
    listener.set_nonblocking(true).map_err(of_port)?;
    let address = listener.local_addr().map_err(of_port)?;
    Ok(Origin { listener, url: format!("http://{address}") })
}

pub(super) fn taken_or(source: std::io::Error, port: u16, flag: &'static str) -> UpError {
    match source.kind() {
        ErrorKind::AddrInUse => UpError::PortTaken { port, flag },
        _ => UpError::Port { port, flag, source },
    }
}

impl Origin {
    pub(super) fn serve(self, router: Router) -> Server {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let listener = match tokio::net::TcpListener::from_std(self.listener) {
                Ok(listener) => listener,
                Err(error) => return tracing::error!(%error, "the port can't be served"),
            };
            // A stream's small events must not wait for one another.
            let listener = listener.tap_io(|connection| {
                if let Err(error) = connection.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps its delay");
                }
            });
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let asked = async {
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(asked).await {
                tracing::error!(%error, "serving ended");
            }
        });
        Server { stop, task }
    }
}

impl Server {
    /// Takes no more requests, and gives those under way a moment.
    pub(super) async fn stop(mut self) {
        let _ = self.stop.send(());
        if tokio::time::timeout(DRAIN, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
