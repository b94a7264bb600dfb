//! Quoting: the only two ways in which a text becomes part of a statement.

/// The identifier, quoted always: a name that is no keyword today may be one in the next major version.
pub fn quote_ident(s: &str) -> String {
    format!("\"{}\"", s.replace('"', "\"\""))
}

/// The literal, read alike whatever `standard_conforming_strings` says: `E''` where a backslash is present.
pub fn quote_literal(s: &str) -> String {
    let doubled = s.replace('\'', "''");
    if s.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// The text of an array literal (not yet quoted as a literal): every element quoted, so none is read as NULL.
pub fn array_text<'a>(elements: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = elements
        .map(|e| format!("\"{}\"", e.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("{{{}}}", quoted.join(","))
}
