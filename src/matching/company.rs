//! The name of a company as two of them are compared: without case, accents, punctuation and legal form.
//!
//! German umlauts are written out, as many write them (Müller = Mueller), and so are ß, æ, œ and ø; other accents are left
//! out. Words of one letter that follow each other are one (S.A. = SA, G.m.b.H. = GmbH). Legal forms count only at the end,
//! and the first word always stays.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Legal forms, sorted. Such as end in more than one word (GmbH & Co. KG) are several of these.
const FORMS: [&str; 85] = [
    "ab",
    "ad",
    "ag",
    "aps",
    "as",
    "asa",
    "bhd",
    "bt",
    "bv",
    "bvba",
    "cjsc",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "dd",
    "doo",
    "eg",
    "ehf",
    "eireli",
    "ek",
    "eood",
    "eurl",
    "ev",
    "gbr",
    "gesmbh",
    "gk",
    "gmbh",
    "haftungsbeschraenkt",
    "hf",
    "inc",
    "incorporated",
    "jsc",
    "kft",
    "kg",
    "kgaa",
    "kk",
    "lda",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "nyrt",
    "oao",
    "ohg",
    "ojsc",
    "ood",
    "ooo",
    "oy",
    "oyj",
    "pao",
    "plc",
    "pllc",
    "pte",
    "pty",
    "pvt",
    "sa",
    "sac",
    "sapi",
    "sarl",
    "sas",
    "sasu",
    "sca",
    "scs",
    "sdn",
    "se",
    "sl",
    "slu",
    "snc",
    "sp",
    "spa",
    "spol",
    "srl",
    "srls",
    "sro",
    "tbk",
    "ug",
    "vof",
    "zoo",
    "zrt",
];

/// Words that join others.
const AND: [&str; 3] = ["and", "et", "und"];

/// The name as it is compared: words of lower-case letters and digits with a space between them; None where there are none.
pub fn company_name(name: &str) -> Option<String> {
    let mut plain = String::with_capacity(name.len() + 8);
    if name.is_ascii() {
        name.chars().for_each(|c| push(&mut plain, c));
    } else {
        // Composed first, so that an umlaut is one however it was typed.
        for c in name.nfc().flat_map(char::to_lowercase) {
            match in_letters(c) {
                Some(letters) => plain.push_str(letters),
                None => c
                    .nfkd()
                    .filter(|c| !is_combining_mark(*c))
                    .flat_map(char::to_lowercase)
                    // A raised or a narrow one is one of them only now.
                    .for_each(|c| match in_letters(c) {
                        Some(letters) => plain.push_str(letters),
                        None => push(&mut plain, c),
                    }),
            }
        }
    }
    let words = words(&plain);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut kept = words.as_slice();
    while let [rest @ .., last] = kept
        && !rest.is_empty()
        && (FORMS.binary_search(last).is_ok() || AND.contains(last))
    {
        kept = rest;
    }
    if let ["the", rest @ ..] = kept
        && !rest.is_empty()
    {
        kept = rest;
    }
    (!kept.is_empty()).then(|| kept.join(" "))
}

fn push(plain: &mut String, c: char) {
    match c {
        // Within a word: O'Neil, Men’s.
        '\'' | '’' | '‘' | '`' | '´' => {}
        c if c.is_alphanumeric() => plain.extend(c.to_lowercase()),
        _ => plain.push(' '),
    }
}

/// Lower-case letters that are written with others where they are not to be had.
fn in_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' | 'ø' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

/// The words, those of one letter that follow each other as one, and without those that join others.
fn words(plain: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(6);
    let mut letters = false;
    let mut first = true;
    for word in plain.split(' ').filter(|word| !word.is_empty()) {
        let letter = word.chars().nth(1).is_none() && !word.starts_with(|c: char| c.is_numeric());
        match words.last_mut() {
            Some(last) if letter && letters => last.push_str(word),
            _ if !first && AND.contains(&word) => {}
            _ => words.push(word.to_owned()),
        }
        letters = letter;
        first = false;
    }
    words
}
