//! How this program reaches PostgreSQL: by which socket or URL, and as which role.

use std::path::Path;
use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::secrets::Secret;

/// The database of a cluster of our own, as Supabase names it.
pub const NAME: &str = "postgres";

/// The roles that this program connects as. Requests become other roles, in their transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Bootstraps and dumps.
    Superuser,
    /// Owns the tables and applies the migrations, without superuser's rights.
    Owner,
    /// What the REST server connects as: it may become anon, authenticated or service_role.
    Authenticator,
    /// Owns the tables of the schema auth.
    AuthAdmin,
}

impl Role {
    /// Its name in a cluster of our own; on another server the superuser is the URL's user.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Superuser => "supabase_admin",
            Self::Owner => "postgres",
            Self::Authenticator => "authenticator",
            Self::AuthAdmin => "supabase_auth_admin",
        }
    }

    pub const ALL: [Self; 4] = [Self::Superuser, Self::Owner, Self::Authenticator, Self::AuthAdmin];
}

/// A PostgreSQL server, ours or someone's.
#[derive(Debug, Clone)]
pub enum Database {
    /// A cluster of our own, on a socket; who we are is proven by the operating system.
    Own { socket_folder: std::path::PathBuf },
    /// `DATABASE_URL`; the roles that Hearth makes there have this password.
    External { options: Box<PgConnectOptions>, password: Secret },
}

/// PostgreSQL can't be reached as it must be.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("DATABASE_URL is not a PostgreSQL address; it looks like postgres://user:password@host/database")]
    Address,
    #[error("PostgreSQL can't be reached: {0}")]
    Connect(sqlx::Error),
}

impl Database {
    pub fn own(socket_folder: &Path) -> Self {
        Self::Own { socket_folder: socket_folder.to_owned() }
    }

    pub fn external(url: &str, password: Secret) -> Result<Self, DatabaseError> {
        let options = PgConnectOptions::from_str(url).map_err(|_| DatabaseError::Address)?;
        Ok(Self::External { options: Box::new(options), password })
    }

    pub fn is_external(&self) -> bool {
        matches!(self, Self::External { .. })
    }

    pub fn options(&self, role: Role) -> PgConnectOptions {
        let options = match self {
            Self::Own { socket_folder } => PgConnectOptions::new_without_pgpass()
                .socket(socket_folder)
                .username(role.name())
                .database(NAME),
            Self::External { options, password } => match role {
                Role::Superuser | Role::Owner => options.as_ref().clone(),
                Role::Authenticator | Role::AuthAdmin => {
                    options.as_ref().clone().username(role.name()).password(password.expose())
                }
            },
        };
        // What statements carry is people's text: it has no place in a log.
        options.application_name("hearth").disable_statement_logging()
    }

    pub async fn connect(&self, role: Role) -> Result<PgConnection, DatabaseError> {
        self.options(role).connect().await.map_err(DatabaseError::Connect)
    }
}
