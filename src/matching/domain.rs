//! The domain of an address, as two of them are compared: of `Ada <ada@sales.acme.example>`, `https://www.acme.example/path`,
//! or a bare domain.

/// The domain in lower case, without `www.`; None where there is none (an address by number is none either).
///
/// Subdomains are kept: where a company ends within a name is known to no rule, only to lists that go out of date.
pub fn mail_domain(address: &str) -> Option<String> {
    let mut text = address.trim();
    if let (Some(from), Some(to)) = (text.rfind('<'), text.rfind('>'))
        && from < to
    {
        text = text.get(from + 1..to)?;
    }
    if let Some((_, rest)) = text.split_once("://") {
        text = rest;
    }
    text = text.split(['/', '?', '#']).next()?;
    text = text.rsplit('@').next()?;
    text = text.split(':').next()?.trim().trim_end_matches('.');
    let mut domain = text.to_lowercase();
    if let Some(rest) = domain.strip_prefix("www.")
        && rest.contains('.')
    {
        domain = rest.to_owned();
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let last = domain.rsplit('.').next()?;
    let is_domain = domain.contains('.') && domain.split('.').all(label) && !last.chars().all(|c| c.is_ascii_digit());
    is_domain.then_some(domain)
}
