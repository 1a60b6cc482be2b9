//! The protocols: turns requests into calls of `biz`, and its results into answers. Has no rules and knows no store.
//! In Kratos' layout this is `service`.

{% if grpc -%}
pub mod grpc;
{%- endif %}
{%- if http %}
{%- if grpc %}
{% endif -%}
pub mod http;
{%- endif %}
