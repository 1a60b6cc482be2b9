use kit::BoxError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow};
use sqlx::{Row, SqlitePool};

use crate::biz::{Greeting, Repository};
use crate::config::Database;

/// The tables, one file for each version of the database. A file that was released does not change any more.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/1_greetings.sql")];

/// The greetings in the database.
#[derive(Clone)]
pub struct Greetings {
    pool: SqlitePool,
}

impl Greetings {
    /// Opens the database, which is made if it is not there, and brings its tables up to date.
    pub async fn open(database: Database) -> Result<Greetings, BoxError> {
        let file = database.file;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePool::connect_with(options).await;
        let pool = pool.map_err(|error| format!("{}: {error}", file.display()))?;
        migrate(&pool).await?;
        Ok(Greetings { pool })
    }

    /// Whether it answers: while it does not, the service is not ready.
    pub async fn ping(self) -> Result<(), BoxError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Waits for connections that are in use, and closes them.
    pub async fn close(self) -> Result<(), BoxError> {
        self.pool.close().await;
        Ok(())
    }
}

/// One transaction for each step, with the version in it: what was cut off is done again.
async fn migrate(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let done: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(pool)
        .await?;
    for (version, step) in (1_i64..).zip(MIGRATIONS) {
        if version <= done {
            continue;
        }
        let mut transaction = pool.begin().await?;
        sqlx::raw_sql(step).execute(&mut *transaction).await?;
        let set = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {version}"));
        sqlx::query(set).execute(&mut *transaction).await?;
        transaction.commit().await?;
        tracing::info!(step = version, "migrated");
    }
    Ok(())
}

fn greeting(row: SqliteRow) -> Result<Greeting, sqlx::Error> {
    Ok(Greeting {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        sent: row.try_get("sent")?,
    })
}

impl Repository for Greetings {
    async fn add(&self, name: &str) -> Result<Greeting, BoxError> {
        let added = sqlx::query("INSERT INTO greetings (name) VALUES (?) RETURNING *")
            .bind(name)
            .try_map(greeting)
            .fetch_one(&self.pool)
            .await?;
        Ok(added)
    }

    async fn find(&self, id: i64) -> Result<Option<Greeting>, BoxError> {
        let found = sqlx::query("SELECT * FROM greetings WHERE id = ?")
            .bind(id)
            .try_map(greeting)
            .fetch_optional(&self.pool)
            .await?;
        Ok(found)
    }

    async fn next_unsent(&self) -> Result<Option<Greeting>, BoxError> {
        let next = sqlx::query("SELECT * FROM greetings WHERE NOT sent ORDER BY id LIMIT 1")
            .try_map(greeting)
            .fetch_optional(&self.pool)
            .await?;
        Ok(next)
    }

    async fn mark_sent(&self, id: i64) -> Result<(), BoxError> {
        sqlx::query("UPDATE greetings SET sent = TRUE WHERE id = ?")
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
