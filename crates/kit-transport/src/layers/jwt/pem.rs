//! Public keys in PEM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The label and the content of the only block in a text, or what was found instead.
pub(super) fn block(text: &[u8]) -> Result<(&str, Vec<u8>), &'static str> {
    const NONE: &str = "no PEM";
    let text = std::str::from_utf8(text).map_err(|_| NONE)?;
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(NONE)?;
    let (label, rest) = rest.split_once("-----").ok_or(NONE)?;
    let (content, rest) = rest
        .split_once("-----END ")
        .ok_or("PEM that is cut off, without its END")?;
    if rest.contains("-----BEGIN ") {
        return Err("PEM with several blocks");
    }
    let content: String = content.split_ascii_whitespace().collect();
    let content = STANDARD.decode(content);
    Ok((
        label,
        content.map_err(|_| "PEM whose content is not base64")?,
    ))
}
