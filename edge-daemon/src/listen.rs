//! Serves the routes on an open port, plainly or through TLS.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::serve::{Listener, ListenerExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::tls::listener::TlsListener;
use crate::tls::renewal::Served;

/// The server as a task of its own, which ends some time after `stop` does: when the last answer has.
pub fn serve(
    port: TcpListener,
    certificate: Option<Arc<Served>>,
    routes: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<JoinHandle<io::Result<()>>> {
    let Some(certificate) = certificate else {
        return Ok(start(port.tap_io(without_delay), routes, stop));
    };
    let listener = TlsListener::new(port, certificate.clone()).map_err(io::Error::other)?;
    // It goes on until the process ends.
    tokio::spawn(async move { certificate.renew().await });
    Ok(start(listener, routes, stop))
}

fn start<L>(
    listener: L,
    routes: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<io::Result<()>>
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
    tokio::spawn(axum::serve(listener, routes).with_graceful_shutdown(stop).into_future())
}

/// A token is small and must not wait for the one after it.
pub fn without_delay(connection: &mut TcpStream) {
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
}
