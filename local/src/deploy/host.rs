//! The four hosts of the Router.

use clap::ValueEnum;

/// Where the Router runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Host {
    Vercel,
    Cloudflare,
    Lambda,
    /// One machine: `./hearth up`, which makes its own keys.
    Local,
}

impl Host {
    pub const ALL: [Self; 4] = [Self::Vercel, Self::Cloudflare, Self::Lambda, Self::Local];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Vercel => "Vercel",
            Self::Cloudflare => "Cloudflare",
            Self::Lambda => "Lambda",
            Self::Local => "this machine",
        }
    }

    /// Whether it stands in somebody else's data centre.
    pub const fn is_cloud(self) -> bool {
        !matches!(self, Self::Local)
    }
}
