# shellcheck shell=bash
# Sourced by run.sh: makes what psql echoes and answers pleasant to read.
#
# In the demo's SQL files, \echo '# ...' is a heading and \echo '-- ...' a sentence; psql itself echoes the statements.
# On a terminal sentences, SQL and tables differ in colour. NO_COLOR is respected.

HEADING='' SENTENCE='' SQL='' FAINT='' REFUSED='' PLAIN=''
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  HEADING=$'\e[1;36m' SENTENCE=$'\e[1m' SQL=$'\e[32m' FAINT=$'\e[2m' REFUSED=$'\e[31m' PLAIN=$'\e[0m'
fi

# psql's output on standard input. Of the times it tells, those that a person would notice.
paint() {
  local line ms lines=0 gap=''
  while IFS= read -r line; do
    [[ $line != '# '* ]] || gap=$'\n'
    [[ -z $line || $line == 'Time: '* ]] || { printf '%s' "$gap" && gap=''; }
    ((lines += 1))
    case $line in
      '# '*)
        line=${line#\# }
        printf '%s%s\n%s%s\n' "$HEADING" "$line" "${line//?/=}" "$PLAIN"
        lines=0
        ;;
      '-- '*)
        printf '%s%s%s\n' "$SENTENCE" "${line#-- }" "$PLAIN"
        lines=0
        ;;
      'Time: '*)
        ms=${line#Time: } ms=${ms%%.*}
        # Short statements without an answer stay together.
        ((lines <= 2 && ms < 100)) || gap=$'\n'
        ((ms < 100)) || printf '%s(%d.%02d s)%s\n' "$FAINT" $((ms / 1000)) $((ms % 1000 / 10)) "$PLAIN"
        lines=0
        ;;
      psql:*:*) printf '%s%s%s\n' "$REFUSED" "${line#psql:*:*: }" "$PLAIN" ;;
      HINT:* | DETAIL:*) printf '%s%s%s\n' "$REFUSED" "$line" "$PLAIN" ;;
      ┌* | ├* | └* | │* | +* | '|'*) printf '%s\n' "$line" ;;
      '') ;;
      *) printf '%s%s%s\n' "$SQL" "$line" "$PLAIN" ;;
    esac
  done
}
