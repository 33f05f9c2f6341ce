//! What is right at home and wrong in somebody else's data centre: plain HTTP, addresses of one's own network, switches for
//! home; and the room that each host has for settings.

use std::net::IpAddr;

use hearth_api::SETTINGS;
use url::{Host as UrlHost, Url};

use super::env_file::EnvFile;
use super::finding::Finding;
use super::host::Host;

/// Bytes of all names and values together (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LAMBDA_ROOM: usize = 4 * 1024;
/// Bytes of one value (<https://developers.cloudflare.com/workers/platform/limits/>).
const CLOUDFLARE_ROOM: usize = 5 * 1024;
/// Addresses that a function calls.
const CALLED: [&str; 3] = ["SUPABASE_URL", "UPSTASH_REDIS_REST_URL", "HEARTH_EDGE_URL"];

pub fn check(file: &EnvFile, hosts: &[Host]) -> Vec<Finding> {
    let cloud: Vec<Host> = hosts.iter().copied().filter(|host| host.is_cloud()).collect();
    if cloud.is_empty() {
        return Vec::new();
    }
    let mut findings: Vec<_> = CALLED.iter().filter_map(|name| called(file, name)).collect();
    findings.extend(switches(file));
    findings.extend(open_daemon(file));
    let mut findings: Vec<_> = findings.into_iter().map(|found| found.on(cloud.clone())).collect();
    findings
        .extend(room(file).into_iter().filter(|found| found.hosts.iter().any(|host| cloud.contains(host))));
    findings
}

fn called(file: &EnvFile, name: &'static str) -> Option<Finding> {
    let url = Url::parse(file.get(name)?).ok()?;
    let host = url.host()?;
    if is_at_home(&host) {
        let text = if name == "HEARTH_EDGE_URL" {
            "is an address of your own network, which a function can't reach. Put a tunnel in front of the daemon: docs/deploy/edge.md"
        } else {
            "is an address of your own network, which a function can't reach. Take the service's public one"
        };
        return Some(Finding::stop(name, text));
    }
    if url.scheme() != "https" {
        return Some(Finding::stop(
            name,
            "begins with http://, so that keys and text would travel open. Take https://",
        ));
    }
    matches!(host, UrlHost::Domain(domain) if domain.ends_with(".trycloudflare.com")).then(|| {
        Finding::heed(name, "is a quick tunnel's address, another one at every start. Make a named tunnel: docs/deploy/edge.md")
    })
}

fn is_at_home(host: &UrlHost<&str>) -> bool {
    match host {
        UrlHost::Ipv4(address) => is_private(IpAddr::V4(*address)),
        UrlHost::Ipv6(address) => is_private(IpAddr::V6(*address)),
        UrlHost::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let ends = [".local", ".localhost", ".internal", ".lan", ".home.arpa", ".home"];
            !name.contains('.') || ends.iter().any(|end| name.ends_with(end))
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            // 100.64.0.0/10 (RFC 6598) is what overlay networks hand out.
            let shared = address.octets()[0] == 100 && (64..128).contains(&address.octets()[1]);
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
                || shared
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_private(IpAddr::V4(mapped)),
            None => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            }
        },
    }
}

fn switches(file: &EnvFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if file.get("HEARTH_HOME_HOST") == Some("1") {
        let text =
            "says that Redis stands at home, and private text would be written to a hosted one. Take it out";
        findings.push(Finding::stop("HEARTH_HOME_HOST", text));
    }
    if file.get("HEARTH_TEST_ROUTES") == Some("1") {
        let text = "opens routes that are for tests: anybody could make instances panic. Take it out";
        findings.push(Finding::stop("HEARTH_TEST_ROUTES", text));
    }
    findings
}

fn open_daemon(file: &EnvFile) -> Option<Finding> {
    let shown = ["HEARTH_EDGE_SERVICE_KEY", "HEARTH_EDGE_API_KEY"];
    (file.get("HEARTH_EDGE_URL").is_some() && shown.iter().all(|name| file.get(name).is_none())).then(|| {
        Finding::heed(
            "HEARTH_EDGE_SERVICE_KEY",
            "is not set, nor is HEARTH_EDGE_API_KEY: whoever knows the daemon's address can use it. Pair the two: docs/deploy/edge.md",
        )
    })
}

fn room(file: &EnvFile) -> Vec<Finding> {
    let values = || SETTINGS.iter().filter_map(|setting| Some((setting.name, file.get(setting.name)?)));
    let mut findings: Vec<_> = values()
        .filter(|(_, value)| value.len() > CLOUDFLARE_ROOM)
        .map(|(name, _)| {
            Finding::stop(name, "is over 5 KB, more than a Worker's variable may have").on([Host::Cloudflare])
        })
        .collect();
    let all: usize = values().map(|(name, value)| name.len() + value.len()).sum();
    if all > LAMBDA_ROOM {
        let text = format!(
            "have {all} bytes, names and values, and a Lambda function has room for {LAMBDA_ROOM}. Shorten the longest"
        );
        findings.push(Finding::stop("the settings", text).on([Host::Lambda]));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;

    fn told(text: &str, hosts: &[Host]) -> Vec<(Weight, String)> {
        let findings = check(&EnvFile::parse(text), hosts);
        findings.into_iter().map(|found| (found.weight, found.about)).collect()
    }

    #[test]
    fn a_function_reaches_public_addresses_over_https_alone() {
        for address in [
            "http://localhost:8787",
            "http://127.0.0.1",
            "https://127.0.0.1",
            "https://10.1.2.3",
            "https://192.168.1.5",
            "https://172.20.0.1",
            "https://169.254.1.1",
            "https://100.100.1.2",
            "https://[::1]",
            "https://[fd00::1]",
            "https://[::ffff:10.0.0.1]",
            "https://nas.local",
            "https://box",
            "http://abc.supabase.co",
            "https://0.0.0.0",
        ] {
            let stop = (Weight::Stop, "SUPABASE_URL".to_owned());
            assert_eq!(told(&format!("SUPABASE_URL={address}"), &Host::ALL), [stop], "{address}");
            assert_eq!(told(&format!("SUPABASE_URL={address}"), &[Host::Local]), [], "{address}");
        }
        for address in
            ["https://abc.supabase.co", "https://172.32.0.1", "https://100.128.0.1", "https://[2606:4700::1]"]
        {
            assert_eq!(told(&format!("SUPABASE_URL={address}"), &Host::ALL), [], "{address}");
        }
    }

    #[test]
    fn switches_for_home_stay_at_home() {
        for name in ["HEARTH_HOME_HOST", "HEARTH_TEST_ROUTES"] {
            assert_eq!(told(&format!("{name}=1"), &[Host::Lambda]), [(Weight::Stop, name.into())]);
            assert_eq!(told(&format!("{name}=0"), &[Host::Lambda]), []);
        }
    }

    #[test]
    fn a_daemon_without_a_key_is_heeded() {
        let heed = |text| told(text, &[Host::Vercel]).iter().all(|(weight, _)| *weight == Weight::Heed);
        assert_eq!(told("HEARTH_EDGE_URL=https://e.example.net", &[Host::Vercel]).len(), 1);
        assert!(heed("HEARTH_EDGE_URL=https://a-b-c.trycloudflare.com"));
        for shown in ["HEARTH_EDGE_API_KEY", "HEARTH_EDGE_SERVICE_KEY"] {
            let text = format!("HEARTH_EDGE_URL=https://e.example.net\n{shown}=x");
            assert_eq!(told(&text, &[Host::Vercel]), [], "{shown}");
        }
    }

    #[test]
    fn every_host_has_its_own_room() {
        let long = "x".repeat(4000);
        let text = format!("HEARTH_EDGE_MODEL={long}\nCRON_SECRET={long}");
        assert_eq!(told(&text, &Host::ALL), [(Weight::Stop, "the settings".into())]);
        assert_eq!(told(&text, &[Host::Vercel, Host::Cloudflare]), []);
        let longer = format!("HEARTH_EDGE_MODEL={}", "x".repeat(6000));
        assert_eq!(told(&longer, &[Host::Cloudflare]), [(Weight::Stop, "HEARTH_EDGE_MODEL".into())]);
    }
}
