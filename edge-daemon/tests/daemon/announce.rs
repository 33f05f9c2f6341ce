//! mDNS, on the loopback interface alone: nothing of these tests is heard on a network.

use std::net::IpAddr;

use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent};
use tokio::time::timeout;

use crate::harness::{Daemon, PATIENCE, model, run};

const SERVICE: &str = "_hearth-edge._tcp.local.";

/// Somebody on this machine who looks for daemons.
struct Browser {
    mdns: ServiceDaemon,
    events: mdns_sd::Receiver<ServiceEvent>,
}

impl Browser {
    fn new() -> Self {
        let mdns = ServiceDaemon::new().unwrap();
        mdns.disable_interface(IfKind::All).unwrap();
        mdns.enable_interface(IfKind::LoopbackV4).unwrap();
        let events = mdns.browse(SERVICE).unwrap();
        Self { mdns, events }
    }

    async fn until<T>(&self, what: &str, wanted: impl Fn(ServiceEvent) -> Option<T>) -> T {
        let seen = async {
            loop {
                if let Some(found) = wanted(self.events.recv_async().await.unwrap()) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("never seen: {what}"))
    }

    async fn found(&self, name: &str) -> ResolvedService {
        let fullname = format!("{name}.{SERVICE}");
        self.until("the service", |event| match event {
            ServiceEvent::ServiceResolved(service) if service.fullname == fullname => Some(*service),
            _ => None,
        })
        .await
    }

    async fn gone(&self, name: &str) {
        let fullname = format!("{name}.{SERVICE}");
        self.until("its goodbye", |event| match event {
            ServiceEvent::ServiceRemoved(_, gone) if gone == fullname => Some(()),
            _ => None,
        })
        .await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.mdns.shutdown();
    }
}

#[tokio::test]
async fn a_daemon_is_found_with_what_a_client_must_know_and_says_goodbye() {
    let browser = Browser::new();
    let options =
        ["--context", "256", "--host", "127.0.0.1", "--announce", "--announce-name", "A test, by itself"];
    let daemon = Daemon::with(&options).await;
    daemon.logged("announced to programs on this machine alone").await;
    let found = browser.found("A test, by itself").await;
    assert!(daemon.base.ends_with(&format!(":{}", found.port)), "{} is not {}", found.port, daemon.base);
    let addresses: Vec<IpAddr> = found.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr).collect();
    assert_eq!(addresses, ["127.0.0.1".parse::<IpAddr>().unwrap()]);
    let said = |key| found.txt_properties.get_property_val_str(key).unwrap_or("nothing").to_owned();
    assert_eq!(["path", "tls", "auth", "version"].map(said), ["/v1", "0", "none", env!("CARGO_PKG_VERSION")]);
    daemon.terminate();
    browser.gone("A test, by itself").await;
    assert_eq!(daemon.exit_code().await, Some(0));
}

#[tokio::test]
async fn tls_and_keys_are_announced() {
    let files = crate::tls::files::Files::new();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.json");
    crate::keys::keys(&keys, &["add", "a"]);
    let browser = Browser::new();
    let options = ["--context", "256", "--host", "127.0.0.1", "--announce", "--announce-name", "locked"];
    let locks = ["--tls-cert", files.cert(), "--tls-key", files.key(), "--keys", keys.to_str().unwrap()];
    let _daemon = Daemon::with(&[&options[..], &locks].concat()).await;
    let found = browser.found("locked").await;
    let said = |key| found.txt_properties.get_property_val_str(key).unwrap_or("nothing").to_owned();
    assert_eq!(["tls", "auth"].map(said), ["1", "key"]);
}

#[test]
fn what_nobody_could_reach_or_read_is_not_announced() {
    let model = model();
    for (options, sentence) in [
        (&["--announce"][..], "no other machine can reach it"),
        (&["--announce", "--host", "127.0.0.1", "--announce-name", ""], "--announce-name"),
        (&["--announce", "--host", "127.0.0.1", "--announce-name", &"x".repeat(64)], "--announce-name"),
        (&["--announce-name", "x"], "--announce"),
    ] {
        let (code, log) = run(&[&["--model", model.to_str().unwrap(), "--port", "0"], options].concat());
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(sentence), "{log}");
    }
}
