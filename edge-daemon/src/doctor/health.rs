//! Asks whoever holds the port for `/health`, as plainly as can be: no client of HTTP is part of the daemon.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::tls::certificate::Certificate;
use crate::tls::pinned;

/// A daemon on this machine answers at once, or is in trouble.
const PATIENCE: Duration = Duration::from_secs(3);

/// `/health` is shorter; what is longer is something else.
const MOST_BYTES: usize = 64 << 10;

/// A record that tells of a mistake in TLS. Source: RFC 8446, section 5.1.
const TLS_ALERT: u8 = 0x15;

/// Who is there.
pub enum Answer {
    Daemon { status: String, model: String },
    Tls,
    Other,
}

/// Asks plainly, and then, if TLS is spoken there, through TLS with the one who has this certificate.
pub fn ask(address: SocketAddr, certificate: Option<&Certificate>) -> io::Result<Answer> {
    let answer = read_health(&exchange(connect(address)?)?);
    match (answer, certificate) {
        (Answer::Tls, Some(certificate)) => {
            let told = pinned::connect(connect(address)?, certificate).and_then(exchange);
            Ok(told.map_or(Answer::Tls, |told| read_health(&told)))
        }
        (answer, _) => Ok(answer),
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let connection = TcpStream::connect_timeout(&SocketAddr::new(ip, address.port()), PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

fn exchange(mut connection: impl Read + Write) -> io::Result<Vec<u8>> {
    connection.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    let asked = Instant::now();
    while answer.len() < MOST_BYTES && asked.elapsed() < PATIENCE {
        match connection.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(piece.get(..read).unwrap_or_default()),
            // A server that speaks TLS may cut what it did not understand; what it said first counts.
            Err(_) if !answer.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

fn read_health(answer: &[u8]) -> Answer {
    if answer.first() == Some(&TLS_ALERT) {
        return Answer::Tls;
    }
    let body = answer.windows(4).position(|end| end == b"\r\n\r\n").and_then(|at| answer.get(at + 4..));
    let health: Value = body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    match (health["status"].as_str(), health["requests"].is_object()) {
        (Some(status), true) => Answer::Daemon {
            status: status.to_owned(),
            model: health["model"].as_str().unwrap_or("of no name").to_owned(),
        },
        _ => Answer::Other,
    }
}
