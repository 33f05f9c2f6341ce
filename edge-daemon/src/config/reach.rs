//! Who may reach the daemon: the address, the keys, the web pages.

use std::net::{IpAddr, Ipv4Addr};

use crate::keys::live::LiveKeys;

/// The address to listen on, which without keys or pairings must be this machine's own: whoever reaches the port can use the model.
pub fn address(host: &str, keyed: bool) -> Result<IpAddr, String> {
    let address: IpAddr = match host.trim_start_matches('[').trim_end_matches(']') {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        text => text.parse().map_err(|_| format!("--host {host}: not an IP address"))?,
    };
    if keyed || address.is_loopback() {
        return Ok(address);
    }
    Err(format!(
        "--host {host}: this address can be reached by other machines, and there are no API keys and no pairings that \
         would keep strangers out; make one with `hearth-edge keys add NAME` and name the file with --keys, or with \
         `hearth-edge pair` and --pairings, or listen on 127.0.0.1"
    ))
}

/// A file without a key would let nobody in, which nobody wants.
pub fn open_keys(file: &std::path::Path) -> Result<LiveKeys, String> {
    match LiveKeys::open(file) {
        Ok(keys) if keys.is_empty() => {
            let file = file.display();
            Err(format!(
                "--keys {file}: no keys are in it; make one with `hearth-edge keys add NAME --keys {file}`"
            ))
        }
        Ok(keys) => Ok(keys),
        Err(error) => Err(format!("--keys: {error}")),
    }
}

/// `scheme://host`, maybe with a port, and nothing behind it.
pub fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https")
            && !host.is_empty()
            && !host.contains(['/', '*', ' ', '?', '#', '@'])
    })
}
