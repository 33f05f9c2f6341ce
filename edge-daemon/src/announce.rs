//! Tells the local network where the daemon is: mDNS (RFC 6762) and DNS-SD (RFC 6763), for as long as it serves.

pub mod options;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mdns_sd::{Error, IfKind, ServiceDaemon, ServiceInfo};

/// What is looked for, by clients that look.
const SERVICE: &str = "_hearth-edge._tcp.local.";

/// A goodbye is sent within this time, or it is not waited for.
const GOODBYE: Duration = Duration::from_millis(500);

/// What others should know of the daemon.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    pub tls: bool,
    pub keys: bool,
}

/// The daemon is announced until this is dropped.
pub struct Announcement {
    mdns: ServiceDaemon,
    fullname: String,
}

impl Announcement {
    /// Announces the daemon as `name`, on the interfaces that it listens on and on no other.
    pub fn start(name: &str, address: SocketAddr, manners: Manners) -> Result<Self, Error> {
        let properties = [
            ("path", "/v1"),
            ("tls", if manners.tls { "1" } else { "0" }),
            ("auth", if manners.keys { "key" } else { "none" }),
            ("version", env!("CARGO_PKG_VERSION")),
        ];
        let (ip, port) = (address.ip(), address.port());
        let host = host_name();
        let mdns = ServiceDaemon::new()?;
        let info = if ip.is_unspecified() {
            mdns.disable_interface(elsewhere(ip))?;
            ServiceInfo::new(SERVICE, name, &host, "", port, &properties[..])?.enable_addr_auto()
        } else {
            mdns.disable_interface(IfKind::All)?;
            mdns.enable_interface(IfKind::Addr(ip))?;
            ServiceInfo::new(SERVICE, name, &host, ip, port, &properties[..])?
        };
        let fullname = info.get_fullname().to_owned();
        mdns.register(info)?;
        if ip.is_loopback() {
            tracing::warn!(name, "announced to programs on this machine alone");
        } else {
            tracing::info!(name, "announced on the local network");
        }
        Ok(Self { mdns, fullname })
    }

    /// Says goodbye: nobody should come any more.
    pub fn withdraw(&self) {
        if let Ok(said) = self.mdns.unregister(&self.fullname) {
            // Where it could not be said, the announcement ends with its time to live.
            let _ = said.recv_timeout(GOODBYE);
        }
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Ok(ended) = self.mdns.shutdown() {
            let _ = ended.recv_timeout(GOODBYE);
        }
    }
}

/// The interfaces on which a daemon that listens everywhere cannot be reached, or by itself alone.
fn elsewhere(everywhere: IpAddr) -> Vec<IfKind> {
    let mut kinds = vec![IfKind::LoopbackV4, IfKind::LoopbackV6];
    if everywhere.is_ipv4() {
        kinds.push(IfKind::IPv6);
    }
    kinds
}

/// A name of the daemon's own for its addresses: the machine's may be in the care of another responder, such as Avahi.
fn host_name() -> String {
    format!("{}-hearth-edge.local.", machine_name())
}

/// The machine's name without its domain, as a label of DNS.
fn machine_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let label = name.split('.').next().unwrap_or_default();
    let label: String = label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    if label.is_empty() { "machine".to_owned() } else { label }
}
