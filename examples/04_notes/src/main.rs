//! A service with a database: SQLite through sqlx, one file.
//!
//! ```text
//! cargo run -p notes -- notes.db 127.0.0.1:8000
//! curl -d 'buy milk' http://127.0.0.1:8000/notes
//! curl http://127.0.0.1:8000/notes
//! ```
//!
//! The pool is a resource: it is opened, and its tables are migrated, before the server listens; the
//! routes hold it as state; and it is closed when the server has drained, so that the last request has
//! its connection, and SQLite has written its journal back into the file.

use std::env;
use std::process::ExitCode;

use axum::extract::State;
use axum::{Json, Router, routing::get};
use kit::{ApiError, App, BoxError, CheckOptions, Context, Listen, ResourceOptions, http};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

/// The tables, one statement for each version of the database.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
    "ALTER TABLE notes ADD COLUMN written_at INTEGER",
];

async fn open(file: String) -> Result<SqlitePool, BoxError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePool::connect_with(options).await?;
    migrate(&pool).await?;
    Ok(pool)
}

/// One transaction for each step, and the version in it: what was cut off is done again.
async fn migrate(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let done: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(pool)
        .await?;
    for (version, step) in (1_i64..).zip(MIGRATIONS) {
        if version <= done {
            continue;
        }
        let mut transaction = pool.begin().await?;
        sqlx::query(step).execute(&mut *transaction).await?;
        let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {version}"));
        sqlx::query(version).execute(&mut *transaction).await?;
        transaction.commit().await?;
        tracing::info!(step, "migrated");
    }
    Ok(())
}

/// Called by the server when it starts: the pool is open by then.
async fn routes(ctx: Context) -> Result<Router, BoxError> {
    let pool: SqlitePool = ctx.get()?;
    let routes = Router::new().route("/notes", get(list).post(write));
    Ok(routes.with_state(pool))
}

async fn list(State(pool): State<SqlitePool>) -> Result<Json<Vec<String>>, ApiError> {
    let notes = sqlx::query_scalar("SELECT text FROM notes ORDER BY id");
    Ok(Json(notes.fetch_all(&pool).await?))
}

async fn write(State(pool): State<SqlitePool>, text: String) -> Result<String, ApiError> {
    if text.is_empty() {
        return Err(ApiError::bad_request("NOTE_EMPTY", "a note has a text"));
    }
    let written = sqlx::query("INSERT INTO notes (text, written_at) VALUES (?, unixepoch())")
        .bind(text)
        .execute(&pool)
        .await?;
    Ok(written.last_insert_rowid().to_string())
}

/// While it fails, the service is not ready.
async fn ping(pool: SqlitePool) -> Result<(), BoxError> {
    sqlx::query("SELECT 1").execute(&pool).await?;
    Ok(())
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let mut arguments = env::args().skip(1);
    let file = arguments.next().unwrap_or_else(|| "notes.db".to_owned());
    let address = arguments.next();
    let address = address.as_deref().unwrap_or("127.0.0.1:8000");
    let listen = match address.parse::<Listen>() {
        Ok(listen) => listen,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    // A migration of a large table takes its time.
    let database = ResourceOptions::new()
        .open_timeout(std::time::Duration::from_secs(600))
        .check(CheckOptions::new(), ping);
    App::builder("notes")
        .version(env!("CARGO_PKG_VERSION"))
        .resource_with("db", database, |_ctx| open(file), close)
        .server(http::Server::from_fn(listen, routes))
        .build()
        .main()
}

/// Waits for connections that are still used, and closes them.
async fn close(pool: SqlitePool) -> Result<(), BoxError> {
    pool.close().await;
    Ok(())
}
