//! Brings a database to what this program expects: Supabase's roles and schemas where they are
//! missing, then each migration that is not recorded, then the key of the signed functions.

mod written {
    //! Written by the build script.
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::database::{Database, DatabaseError, Role};
use crate::secrets::Secrets;

/// Any number, as long as nothing else of ours takes the same advisory lock.
const LOCK: i64 = 0x4865_6172_7468;

/// A file's name without its ending, and its text.
pub type Migration = (&'static str, &'static str);

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Whether the database had no migration of ours before.
    pub first: bool,
    /// The names of those applied now, in order.
    pub applied: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("DATABASE_URL names the user {0}, who is no superuser; Hearth makes roles and needs one")]
    NoSuperuser(String),
    #[error(
        "this database was made by a newer Hearth (it has {0}, which this program does not know); \
         update Hearth, or restore a backup of the older one"
    )]
    Newer(String),
    #[error("the migration {name} failed and left nothing behind: {source}")]
    Failed { name: String, source: sqlx::Error },
    #[error("PostgreSQL refused: {0}")]
    Refused(#[from] sqlx::Error),
    #[error("the signing key is not hex: {0}")]
    Key(#[from] hex::FromHexError),
}

/// Bootstraps, migrates, and stores the signing key. Two programs at once wait for one another.
pub async fn migrate(database: &Database, secrets: &Secrets) -> Result<Migrated, MigrateError> {
    migrate_with(database, secrets, embedded()).await
}

/// The migrations of this program, in order: names and texts.
pub fn embedded() -> &'static [Migration] {
    written::MIGRATIONS
}

/// The same with other migrations than the program's own, as an older or a newer one has them.
pub async fn migrate_with(
    database: &Database,
    secrets: &Secrets,
    known: &[Migration],
) -> Result<Migrated, MigrateError> {
    bootstrap(database, secrets).await?;
    let mut connection = database.connect(Role::Owner).await?;
    if database.is_external() {
        let become_owner = format!("set role {}", external_owner(&mut connection).await?);
        connection.execute(AssertSqlSafe(become_owner)).await?;
    }
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    let done = apply(&mut connection, known).await?;
    store_key(&mut connection, secrets).await?;
    connection.close().await?;
    Ok(done)
}

/// On a server of one's own `postgres` may be the superuser; then another role owns our tables.
async fn external_owner(connection: &mut PgConnection) -> Result<&'static str, MigrateError> {
    let superuser: bool = sqlx::query_scalar("select rolsuper from pg_roles where rolname = 'postgres'")
        .fetch_optional(connection)
        .await?
        .unwrap_or(false);
    Ok(if superuser { "hearth_owner" } else { "postgres" })
}

/// The roles, schemas and tables that every Supabase project has.
async fn bootstrap(database: &Database, secrets: &Secrets) -> Result<(), MigrateError> {
    let mut connection = database.connect(Role::Superuser).await?;
    let (user, superuser): (String, bool) =
        sqlx::query_as("select rolname::text, rolsuper from pg_roles where rolname = current_user")
            .fetch_one(&mut connection)
            .await?;
    if !superuser {
        return Err(MigrateError::NoSuperuser(user));
    }
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    for (name, sql) in written::BOOTSTRAP {
        in_transaction(&mut connection, name, sql, None).await?;
    }
    if database.is_external() {
        for role in [Role::Authenticator, Role::AuthAdmin] {
            // DDL takes no parameters; the server quotes the password itself.
            let statement: String = sqlx::query_scalar("select format('alter role %I password %L', $1, $2)")
                .bind(role.name())
                .bind(secrets.database_password.expose())
                .fetch_one(&mut connection)
                .await?;
            connection.execute(AssertSqlSafe(statement)).await?;
        }
    }
    connection.close().await?;
    Ok(())
}

async fn apply(
    connection: &mut PgConnection,
    known: &[(&str, &'static str)],
) -> Result<Migrated, MigrateError> {
    connection
        .execute(
            "create schema if not exists supabase_migrations;
             create table if not exists supabase_migrations.schema_migrations (
               version text primary key, statements text[], name text)",
        )
        .await?;
    let recorded: BTreeSet<String> =
        sqlx::query_scalar("select version from supabase_migrations.schema_migrations")
            .fetch_all(&mut *connection)
            .await?
            .into_iter()
            .collect();
    if let Some(stranger) =
        recorded.iter().find(|version| known.iter().all(|(name, _)| version_of(name) != **version))
    {
        return Err(MigrateError::Newer(stranger.clone()));
    }
    let mut done = Migrated { first: recorded.is_empty(), applied: Vec::new() };
    for (name, sql) in known {
        if !recorded.contains(version_of(name)) {
            in_transaction(connection, name, sql, Some(version_of(name))).await?;
            done.applied.push((*name).to_owned());
        }
    }
    Ok(done)
}

/// Runs one file whole or not at all; a migration is recorded with it.
async fn in_transaction(
    connection: &mut PgConnection,
    name: &str,
    sql: &'static str,
    version: Option<&str>,
) -> Result<(), MigrateError> {
    let failed = |source| MigrateError::Failed { name: name.to_owned(), source };
    let mut transaction = connection.begin().await?;
    transaction.execute(sqlx::raw_sql(sql)).await.map_err(failed)?;
    if let Some(version) = version {
        sqlx::query("insert into supabase_migrations.schema_migrations (version, name) values ($1, $2)")
            .bind(version)
            .bind(name.strip_prefix(version).map(|rest| rest.trim_start_matches('_')))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await.map_err(failed)
}

/// As Supabase's own tool names them: digits, an underscore, words.
fn version_of(name: &str) -> &str {
    name.split_once('_').map_or(name, |(version, _)| version)
}

async fn store_key(connection: &mut PgConnection, secrets: &Secrets) -> Result<(), MigrateError> {
    let there: bool = sqlx::query_scalar("select to_regclass('hearth.secrets') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(());
    }
    sqlx::query(
        "insert into hearth.secrets (name, value) values ('signing_key', $1)
         on conflict (name) do update set value = excluded.value where hearth.secrets.value <> excluded.value",
    )
    .bind(hex::decode(secrets.signing_key.expose())?)
    .execute(connection)
    .await?;
    Ok(())
}
