//! Connections whose handshake is done. Handshakes go on beside one another, so that a slow one holds nobody up.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::provider;
use super::renewal::Served;
use crate::listen::without_delay;

/// A handshake takes two round trips; whoever needs longer than this is not going to finish it.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Handshakes that go on at once. When one more comes, the oldest is given up: an honest one is done by then, and one that is
/// held open on purpose keeps nobody out.
const MOST_HANDSHAKES: usize = 128;

/// Accepts TCP, and hands on what speaks TLS.
pub struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
    /// The same handshakes, the oldest first.
    begun: VecDeque<AbortHandle>,
}

impl TlsListener {
    pub fn new(tcp: TcpListener, certificate: Arc<Served>) -> Result<Self, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(certificate);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { tcp, acceptor, handshakes: JoinSet::new(), begun: VecDeque::new() })
    }

    fn begin(&mut self, mut connection: TcpStream, peer: SocketAddr) {
        self.begun.retain(|handshake| !handshake.is_finished());
        if self.begun.len() >= MOST_HANDSHAKES
            && let Some(oldest) = self.begun.pop_front()
        {
            oldest.abort();
        }
        without_delay(&mut connection);
        let handshake = self.acceptor.accept(connection);
        self.begun.push_back(self.handshakes.spawn(async move {
            match timeout(HANDSHAKE, handshake).await {
                Ok(Ok(connection)) => Some((connection, peer)),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a connection is closed: its TLS handshake failed");
                    None
                }
                Err(_) => {
                    tracing::debug!("a connection is closed: its TLS handshake did not finish");
                    None
                }
            }
        }));
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                Some(done) = self.handshakes.join_next() => {
                    // One that was given up, or failed, is gone.
                    if let Ok(Some(connection)) = done {
                        return connection;
                    }
                }
                (connection, peer) = Listener::accept(&mut self.tcp) => self.begin(connection, peer),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
