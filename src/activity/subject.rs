//! What an activity is called: a text with fields of the record in it, such as "Call {name}".

/// A piece of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// The value of a field.
    Field(String),
}

/// The pieces of a text in which `{field}` stands for a field; `{{` and `}}` are the braces themselves.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '{' | '}' if rest.next_if_eq(&next).is_some() => plain.push(next),
            '}' => return Err("a } has no { before it".to_owned()),
            '{' => {
                let mut name = String::new();
                loop {
                    match rest.next() {
                        Some('}') => break,
                        Some('{') | None => return Err(format!("the {{ before '{name}' has no }} after it")),
                        Some(letter) => name.push(letter),
                    }
                }
                let name = name.trim();
                if name.is_empty() {
                    return Err("there is no field between { and }".to_owned());
                }
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Field(name.to_owned()));
            }
            letter => plain.push(letter),
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}
