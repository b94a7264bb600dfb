//! The lexer splits as PostgreSQL does, and what is quoted here it reads back.

use super::super::lexer::{TokenKind, tokens};
use super::super::quote::array_text;
use super::super::{quote_ident, quote_literal};

fn kinds(text: &str) -> Vec<TokenKind> {
    tokens(text).unwrap().into_iter().map(|token| token.kind).collect()
}

fn one(text: &str) -> TokenKind {
    let mut kinds = kinds(text);
    assert_eq!(kinds.len(), 1, "{text}: {kinds:?}");
    kinds.remove(0)
}

fn word(name: &str, quoted: bool) -> TokenKind {
    TokenKind::Word {
        name: name.to_owned(),
        quoted,
    }
}

#[test]
fn literals_in_every_form_are_decoded() {
    for (text, value) in [
        ("''", ""),
        ("'it''s'", "it's"),
        (r"'^\d+$'", r"^\d+$"),
        (r"E'a\'b\\c\n\x41\101\u0041\U00000041\q'", "a'b\\c\nAAAAq"),
        (r"e'n\x6fw'", "now"),
        (r"U&'n\006Fw\\\+00006F'", "now\\o"),
        ("n'x'", "x"),
        ("B'01'", "01"),
        ("x'1F'", "1F"),
        ("$$it's ; $1$$", "it's ; $1"),
        ("$a$ $b$ $$ $a$", " $b$ $$ "),
        ("$é$x$é$", "x"),
        ("'no'\n'w'", "now"),
        ("'no' -- comment\n  -- another\n 'w'", "now"),
        (
            r"E'n\x6f'
          'w'",
            "now",
        ),
    ] {
        assert_eq!(one(text), TokenKind::Literal(value.to_owned()), "{text}");
    }
    // On one line, two literals are two.
    assert_eq!(kinds("'no' 'w'").len(), 2);
}

#[test]
fn names_are_folded_unless_quoted() {
    assert_eq!(one("NOW"), word("now", false));
    assert_eq!(one("\"NoW\""), word("NoW", true));
    assert_eq!(one("\"a\"\"b\""), word("a\"b", true));
    assert_eq!(one(r#"U&"n\006Fw""#), word("now", true));
    assert_eq!(one("a$b$c"), word("a$b$c", false));
    assert_eq!(one("straße\u{a0}x"), word("straße\u{a0}x", false));
    assert_eq!(kinds("e 'x'")[0], word("e", false));
}

#[test]
fn comments_and_operators_end_where_postgresql_ends_them() {
    assert_eq!(kinds("1 /* a /* b */ ; c */ -- ; d"), [TokenKind::Number]);
    assert_eq!(kinds("a @>/* x */ b")[1], TokenKind::Operator("@>".to_owned()));
    assert_eq!(kinds("a <--x\n b")[1], TokenKind::Operator("<".to_owned()));
    for operator in ["#>>", "?|", "->>", "<@", "~~*", "||", "@@"] {
        assert_eq!(
            kinds(&format!("a {operator} b"))[1],
            TokenKind::Operator(operator.to_owned())
        );
    }
    assert_eq!(kinds("a::int[1:2]").len(), 9);
    for number in ["1", "1.5", ".5", "1.", "1e5", "1.5E-3"] {
        assert!(kinds(number).contains(&TokenKind::Number), "{number}");
    }
    assert_eq!(one("$12"), TokenKind::Parameter);
}

#[test]
fn what_cannot_be_split_is_an_error() {
    for text in [
        "'a",
        "E'a\\'",
        "\"a",
        "\"\"",
        "$$a",
        "$a$ $b$",
        "$",
        "$a",
        "/* a",
        "/* /* */",
        "1a",
        "0x1F",
        "1_000",
        "1e",
        "$1a",
        "'a\\'",
        "'a\\''",
        r"E'\0'",
        r"E'\xff'",
        r"E'\u00zz'",
        r"U&'\00'",
        r"U&'\D83D\DE00'",
        "U&'!0041' uescape '!'",
        "a \\ b",
        "{}",
        "\0",
        "a \u{b} b",
        "E'\\",
        "x'41''42'",
        "b'0 1'",
        "'a\n",
        "'a'\n'b",
    ] {
        assert!(tokens(text).is_err(), "{text:?}");
    }
}

#[test]
fn quoting_is_undone_by_the_lexer() {
    for text in [
        "", "a", "it's", "\\", "\\'", "a\\'; --", "'", "''", "\"", "é\n\t", "$$", "/*", "E'x'",
    ] {
        assert_eq!(
            one(&quote_literal(text)),
            TokenKind::Literal(text.to_owned()),
            "{text:?}"
        );
        if !text.is_empty() {
            assert_eq!(one(&quote_ident(text)), word(text, true), "{text:?}");
        }
    }
    assert_eq!(quote_literal("a'b"), "'a''b'");
    assert_eq!(quote_literal("a\\b"), "E'a\\\\b'");
    assert_eq!(quote_ident("a\"B"), "\"a\"\"B\"");
    assert_eq!(array_text(["a", "b\"", "\\", ""].into_iter()), r#"{"a","b\"","\\",""}"#);
}
