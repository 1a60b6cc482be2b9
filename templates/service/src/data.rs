//! The store: implements what `biz` needs, by {% if database %}SQLite. Its pool is a resource of the app{% else %}the memory of the process. It is a resource of the app{% endif %}: opened before the
//! servers, and closed after them. In Kratos' layout this is `data`.

{% if database -%}
mod sqlite;

pub use sqlite::Greetings;
{%- else -%}
mod memory;

pub use memory::Greetings;
{%- endif %}
