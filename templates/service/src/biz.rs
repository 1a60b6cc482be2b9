//! The rules: what a greeting is, and what may be done with it. Knows neither protocols nor SQL; what it needs of a
//! store is a trait, which `data` implements. In Kratos' layout this is `biz`.

use kit::{ApiError, BoxError, IntoApi, Reasons};

const LONGEST_NAME: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub struct Greeting {
    pub id: i64,
    pub name: String,
    /// Whether the outbox has sent it.
    pub sent: bool,
}

impl Greeting {
    pub fn text(&self) -> String {
        format!("Hello {}", self.name)
    }
}

/// What clients are refused with, on each protocol by its code and by its name, such as `GREETING_UNKNOWN`.
#[derive(Debug, PartialEq, Reasons)]
pub enum GreetingError {
    #[reason(code = 400, message = "a name has 1 to 64 characters")]
    NameInvalid,
    #[reason(code = 404, message = "there is no greeting {id}")]
    GreetingUnknown { id: i64 },
}

/// What the rules need of a store.
pub trait Repository: Clone + Send + Sync + 'static {
    /// Keeps a greeting that is to be sent.
    fn add(&self, name: &str) -> impl Future<Output = Result<Greeting, BoxError>> + Send;
    fn find(&self, id: i64) -> impl Future<Output = Result<Option<Greeting>, BoxError>> + Send;
    /// The oldest one that was not sent.
    fn next_unsent(&self) -> impl Future<Output = Result<Option<Greeting>, BoxError>> + Send;
    fn mark_sent(&self, id: i64) -> impl Future<Output = Result<(), BoxError>> + Send;
}

#[derive(Clone)]
pub struct Greeter<R> {
    greetings: R,
}

impl<R: Repository> Greeter<R> {
    pub fn new(greetings: R) -> Self {
        Greeter { greetings }
    }

    pub async fn greet(&self, name: &str) -> Result<Greeting, ApiError> {
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(GreetingError::NameInvalid.into());
        }
        self.greetings.add(name).await.api()
    }

    pub async fn find(&self, id: i64) -> Result<Greeting, ApiError> {
        let found = self.greetings.find(id).await.api()?;
        Ok(found.ok_or(GreetingError::GreetingUnknown { id })?)
    }

    /// Sends the oldest greeting that was not sent, and says whether there was one. A greeting is sent once more when
    /// the process ends between the two steps, and never left out.
    pub async fn send_next(&self) -> Result<bool, BoxError> {
        let Some(greeting) = self.greetings.next_unsent().await? else {
            return Ok(false);
        };
        tracing::info!(greeting = greeting.id, "sent: {}", greeting.text());
        self.greetings.mark_sent(greeting.id).await?;
        Ok(true)
    }
}
