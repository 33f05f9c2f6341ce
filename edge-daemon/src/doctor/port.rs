//! The port: is it free, and may it be opened to whom it would be? Or who is there already?

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use super::finding::Finding;
use super::health::{self, Answer};
use crate::tls::certificate::Certificate;

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

pub fn port(address: SocketAddr, certificate: Option<&Certificate>) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) if address.port() == 0 => Finding::ok("port", "any that is free"),
        Ok(_) => Finding::ok("port", format!("{} is free", address.port())),
        Err(error) => match error.kind() {
            io::ErrorKind::AddrInUse => taken(address, certificate),
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

fn taken(address: SocketAddr, certificate: Option<&Certificate>) -> Finding {
    let port = address.port();
    match health::ask(address, certificate) {
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
            format!(
                "{port} is taken by a server that speaks TLS, and not with the certificate that --tls-cert names"
            ),
            "if that is a hearth-edge, name its files, or see in its log why it has not read them again; if not, choose another port",
        ),
        Ok(Answer::Other) | Err(_) => Finding::fail(
            "port",
            format!("{port} is taken by another server"),
            "end that one, or choose another with --port",
        ),
    }
}
