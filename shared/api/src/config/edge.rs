//! The daemon's settings: where it is, which model it serves, and what it is shown.

use hearth_clients::{
    Secret,
    llm::{Credential, ProviderConfig, ServiceKey},
};
use hearth_routing::Model;
use uuid::Uuid;

use super::{EDGE, EdgeConfig, Reader};

/// The context that is assumed of a daemon that has not said.
const ASSUMED_CONTEXT: u32 = 4096;

const ID: &str = "HEARTH_EDGE_ID";
const SERVICE_KEY: &str = "HEARTH_EDGE_SERVICE_KEY";

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn edge(&mut self) -> Option<EdgeConfig> {
        let credential = self.edge_credential();
        let url = self.optional("HEARTH_EDGE_URL")?;
        let url = self.checked_url("HEARTH_EDGE_URL", &url)?;
        let context = match self.optional("HEARTH_EDGE_CONTEXT").map(|text| text.parse::<u32>()) {
            None => ASSUMED_CONTEXT,
            Some(Ok(tokens)) if tokens > 0 => tokens,
            Some(_) => {
                self.wrong.push("HEARTH_EDGE_CONTEXT is not a number of tokens".into());
                ASSUMED_CONTEXT
            }
        };
        let model = self.optional("HEARTH_EDGE_MODEL").map(|id| Model { id, context });
        Some(EdgeConfig { provider: ProviderConfig { name: EDGE.into(), url, credential }, model })
    }

    /// A pairing goes before an API key, so that the one can take the other's place without a gap.
    fn edge_credential(&mut self) -> Credential {
        let paired = match (self.optional(ID), self.optional(SERVICE_KEY)) {
            (None, None) => None,
            (Some(id), Some(key)) => self.service_key(&id, &key),
            (Some(_), None) => self.half(SERVICE_KEY, ID),
            (None, Some(_)) => self.half(ID, SERVICE_KEY),
        };
        let api_key = || self.optional("HEARTH_EDGE_API_KEY").map(|key| Credential::ApiKey(Secret::new(key)));
        paired.map(Credential::Service).or_else(api_key).unwrap_or(Credential::None)
    }

    fn service_key(&mut self, id: &str, key: &str) -> Option<ServiceKey> {
        let daemon = Uuid::parse_str(id).ok();
        if daemon.is_none() {
            self.wrong.push(format!("{ID} is not an id: `hearth-edge pair` prints it, and it is a UUID"));
        }
        // The key is looked at in any case, so that both mistakes are told at once.
        let key = ServiceKey::parse(key, daemon.unwrap_or_default());
        if key.is_none() {
            self.wrong.push(format!("{SERVICE_KEY} is not a whole key as `hearth-edge pair` prints it"));
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: (&str, &str) = ("HEARTH_EDGE_URL", "http://e");
    const AN_ID: (&str, &str) = (ID, "6f2c7e0a-3c1b-4a86-9a55-1c1f0f2f7a10");
    /// RFC 8037, appendix A.
    const A_KEY: (&str, &str) = (
        SERVICE_KEY,
        "hearth_edge_service_kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k.\
         9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    );

    fn read(settings: &[(&str, &str)]) -> (Option<Credential>, Vec<String>) {
        let lookup = |name: &str| {
            let named = settings.iter().find(|(known, _)| *known == name);
            named.map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader { lookup, wrong: Vec::new() };
        let edge = reader.edge();
        (edge.map(|edge| edge.provider.credential), reader.wrong)
    }

    #[test]
    fn the_daemon_is_shown_what_is_set() {
        let api_key = ("HEARTH_EDGE_API_KEY", "k");
        assert!(matches!(read(&[URL]).0, Some(Credential::None)));
        assert!(matches!(read(&[URL, api_key]).0, Some(Credential::ApiKey(_))));
        assert!(matches!(read(&[URL, AN_ID, A_KEY]).0, Some(Credential::Service(_))));
        assert!(matches!(read(&[URL, api_key, AN_ID, A_KEY]).0, Some(Credential::Service(_))));
    }

    #[test]
    fn half_a_pairing_is_a_mistake_and_so_is_a_cut_one() {
        for (settings, wrong) in [
            (&[URL, AN_ID][..], SERVICE_KEY),
            (&[URL, A_KEY], ID),
            (&[A_KEY], ID),
            (&[URL, (ID, "home"), A_KEY], ID),
            (&[URL, AN_ID, (SERVICE_KEY, &A_KEY.1[..120])], SERVICE_KEY),
        ] {
            let (_, told) = read(settings);
            assert!(told.len() == 1 && told[0].starts_with(wrong), "{settings:?}: {told:?}");
        }
        assert_eq!(read(&[URL, (ID, "home"), (SERVICE_KEY, "x")]).1.len(), 2);
    }
}
