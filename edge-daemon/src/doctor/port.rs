//! The port: is it free, and may it be opened to whom it would be? Or who is there already?

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::finding::Finding;

/// A daemon on this machine answers at once, or is in trouble.
const PATIENCE: Duration = Duration::from_secs(3);

/// `/health` is shorter; what is longer is something else.
const MOST_BYTES: usize = 64 << 10;

/// A record that tells of a mistake in TLS. Source: RFC 8446, section 5.1.
const TLS_ALERT: u8 = 0x15;

/// Who could reach the daemon, and what they would see.
pub fn reach(host: IpAddr, keys: bool, tls: bool) -> Finding {
    if host.is_loopback() {
        return Finding::ok("address", format!("{host} is reached from this machine alone"));
    }
    let found = format!("{host} is reached by other machines");
    match (keys, tls) {
        (false, _) => Finding::fail(
            "address",
            format!("{found}, and nothing keeps strangers out"),
            "name a file of keys with --keys",
        ),
        (true, false) => Finding::warn(
            "address",
            format!("{found}, in plain HTTP: who listens on the wire learns keys and texts"),
            "give --tls-cert and --tls-key, or put a proxy with TLS in front",
        ),
        (true, true) => Finding::ok("address", format!("{found}, through TLS and with keys")),
    }
}

pub fn port(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) if address.port() == 0 => Finding::ok("port", "any that is free"),
        Ok(_) => Finding::ok("port", format!("{} is free", address.port())),
        Err(error) => match error.kind() {
            io::ErrorKind::AddrInUse => taken(address),
            io::ErrorKind::PermissionDenied => Finding::fail(
                "port",
                format!("{} may be opened by root alone", address.port()),
                "choose one from 1024 with --port, or grant the unit AmbientCapabilities=CAP_NET_BIND_SERVICE",
            ),
            io::ErrorKind::AddrNotAvailable => Finding::fail(
                "port",
                format!("this machine has no address {}", address.ip()),
                "`ip address` shows those that it has; 0.0.0.0 means all of them",
            ),
            _ => Finding::fail(
                "port",
                format!("{address} cannot be listened on: {error}"),
                "choose another with --port",
            ),
        },
    }
}

fn taken(address: SocketAddr) -> Finding {
    let port = address.port();
    match ask_health(address) {
        Ok(Answer::Daemon { status, model }) if status == "ok" => {
            Finding::ok("port", format!("a hearth-edge runs on {port} and is well, with the model {model}"))
        }
        Ok(Answer::Daemon { status, .. }) => Finding::warn(
            "port",
            format!("a hearth-edge runs on {port} and says `{status}`"),
            "wait until its model is loaded, or see its log",
        ),
        Ok(Answer::Tls) => Finding::warn(
            "port",
            format!("{port} is taken by a server that speaks TLS"),
            "if that is a hearth-edge, all is well; if not, choose another with --port",
        ),
        Ok(Answer::Other) | Err(_) => Finding::fail(
            "port",
            format!("{port} is taken by another server"),
            "end that one, or choose another with --port",
        ),
    }
}

enum Answer {
    Daemon { status: String, model: String },
    Tls,
    Other,
}

/// Asks for `/health` as a daemon would answer it.
fn ask_health(address: SocketAddr) -> io::Result<Answer> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let mut connection = TcpStream::connect_timeout(&SocketAddr::new(ip, address.port()), PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
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
    Ok(read_health(&answer))
}

fn read_health(answer: &[u8]) -> Answer {
    if answer.first() == Some(&TLS_ALERT) {
        return Answer::Tls;
    }
    let body = answer.windows(4).position(|end| end == b"\r\n\r\n").and_then(|at| answer.get(at + 4..));
    let health: Value = body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    match (health["status"].as_str(), health["cells"].is_object()) {
        (Some(status), true) => Answer::Daemon {
            status: status.to_owned(),
            model: health["model"].as_str().unwrap_or("of no name").to_owned(),
        },
        _ => Answer::Other,
    }
}
