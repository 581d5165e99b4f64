#!/bin/sh
# The whole life of a third party at the demo utility, using only curl and jq. The work of the
# utility's staff is done with manage.py from this checkout. See README.md.
#
#   examples/whole-life/run.sh [ADDRESS]          by default http://127.0.0.1:8000
#
# MANAGE is another command to run manage.py, without quotes.
set -eu

cds=${1:-http://127.0.0.1:8000}
cds=${cds%/}
checkout=$(cd "$(dirname "$0")/../.." && pwd)
manage=${MANAGE:-.venv/bin/python -m embedded run -- .venv/bin/python manage.py}
customer=ana@example.com password=demo-password-2026 moderator=staff@example.com
megabytes=10
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 1' TERM
steps=0

step() {
  steps=$((steps + 1))
  printf '%2d. %s\n' "$steps" "$*"
}

# Ends the script even if called in a subshell.
stop() {
  printf 'Stopped after step %d: %s\n' "$steps" "$*" >&2
  kill -s TERM $$
  exit 1
}

# --- What a program of a third party does -----------------------------------------------------

# call STATUS TOKEN METHOD URL [curl options]: the response must have this status; it is kept.
# An empty token sends none.
call() {
  want=$1 token=$2 method=$3 url=$4
  shift 4
  got=$(curl -sS -X "$method" ${token:+-H "Authorization: Bearer $token"} -o "$tmp/answer" \
    -w '%{http_code}' "$@" "$url") || stop "$method $url: no response"
  [ "$got" = "$want" ] ||
    stop "$method $url returned $got instead of $want: $(head -c 600 "$tmp/answer")"
}

# answer FILTER [jq options]: what the filter finds in the kept response; finding nothing is an error.
answer() {
  jq -er "$@" "$tmp/answer" || stop "the response has no $1: $(head -c 600 "$tmp/answer")"
}

# ask_token STATUS CLIENT_ID SECRET SCOPE [GRANT]: prints the token, or the error.
ask_token() {
  [ $# -lt 5 ] || set -- "$1" "$2" "$3" "$4" --data-urlencode "authorization_details=$5"
  want=$1 login="$2:$3" scope=$4
  shift 4
  got=$(curl -sS -u "$login" -d grant_type=client_credentials -d "scope=$scope" "$@" \
    -o "$tmp/answer" -w '%{http_code}' "$token_endpoint") || stop "no response to a token request"
  [ "$got" = "$want" ] ||
    stop "the token request returned $got instead of $want: $(head -c 600 "$tmp/answer")"
  answer '.access_token // .error'
}

# secret_of CLIENT_ID: the Credential of a Client that has one, as JSON.
secret_of() {
  call 200 "$admin" GET "$credentials_api?client_ids=$1"
  answer -c '.credentials | if length == 1 then .[0] else empty end'
}

# clients CONDITION [FILTER]: our own Clients that meet the condition, one per line.
clients() {
  call 200 "$admin" GET "$clients_api"
  jq -cr ".clients[] | select($1) | ${2:-.}" "$tmp/answer"
}

# messages FILTER [jq options]: all our own Messages, oldest first.
messages() {
  filter=$1
  shift
  call 200 "$admin" GET "$messages_api"
  jq -r "$@" "[.outstanding, .unread, .read] | add | unique_by(.uri) | sort_by(.created)
    | $filter" "$tmp/answer"
}

# answered URI STATUSES: the request_updates of a Message had these statuses.
answered() {
  got=$(messages '[.[] | select(.previous_uri == $uri and .type == "request_update") | .status]
    | sort_by(. != "pending") | join(" ")' --arg uri "$1")
  [ "$got" = "$2" ] || stop "$1 got the updates \"$got\" instead of \"$2\""
}

# post JSON_FILE: send a Message; the response is kept.
post() {
  call 201 "$admin" POST "$messages_api" --data-binary "@$1"
}

# fill URL [FIELD=VALUE ...]: open a page and send its form, as a browser does.
fill() {
  url=$1
  shift
  open_page "$url"
  for field; do
    shift
    set -- "$@" --data-urlencode "$field"
  done
  proof=$(sed -n 's/.*name="csrfmiddlewaretoken" value="\([^"]*\)".*/\1/p' "$tmp/page" | head -n 1)
  [ -n "$proof" ] || stop "$url has no form"
  curl -sS -f -L -b "$tmp/cookies" -c "$tmp/cookies" -e "$url" -o "$tmp/page" \
    --data-urlencode "csrfmiddlewaretoken=$proof" "$@" "$url" || stop "the form of $url was refused"
}

open_page() {
  curl -sS -f -b "$tmp/cookies" -c "$tmp/cookies" -o "$tmp/page" "$1" || stop "$1 does not open"
}

# mailed_code ADDRESS: sets `code` to the code that the demo emailed there, once the worker has sent it.
mailed_code() {
  for _ in $(seq 60); do
    open_page "$cds/demo/mail/"
    for mail in $(grep -F "$1" "$tmp/page" | sed -n 's/.*href="\([^"]*\)".*/\1/p'); do
      open_page "$cds$mail"
      code=$(grep -oE '>[0-9A-Z]{4}-[0-9A-Z]{4}<' "$tmp/page" | tr -d '<>')
      [ -z "$code" ] || return 0
    done
    sleep 1
  done
  stop "no code was emailed to $1; is the worker running?"
}

# --- What the utility's staff do --------------------------------------------------------------

staff() {
  # Word splitting is intended: MANAGE is a program and its first arguments.
  # shellcheck disable=SC2086
  (cd "$checkout" && $manage "$@") </dev/null >"$tmp/staff" 2>&1 ||
    stop "manage.py $1 failed: $(tail -n 5 "$tmp/staff")"
}

# Staff view a request, and approve what they saw.
approve() {
  staff show_request "$1"
  staff approve_request "$1" --seen "$(sed -n 's/^version: //p' "$tmp/staff")" --note "$2" \
    --by "$moderator"
}

# --- The life -----------------------------------------------------------------------------------

for program in curl jq; do
  command -v "$program" >/dev/null || stop "$program is missing: apt-get install $program"
done
curl -s -f -o "$tmp/page" "$cds/demo/mail/" ||
  stop "no demo is running at $cds; start one with make demo and pass its address"

call 200 "" GET "$cds/.well-known/cds-server-metadata.json"
call 200 "" GET "$(answer .oauth_metadata)"
mv "$tmp/answer" "$tmp/metadata"
published() { jq -er ".$1" "$tmp/metadata" || stop "the metadata has no $1"; }
token_endpoint=$(published token_endpoint)
clients_api=$(published cds_clients_api)
messages_api=$(published cds_messages_api)
credentials_api=$(published cds_credentials_api)
files_api=$(published cds_server_provided_files_api)
scopes=$(jq -r '.scopes_supported | join(" ")' "$tmp/metadata")
flows=$(jq -r '[.cds_registration_fields[].type] - ["registration_field"] | unique | join(", ")' \
  "$tmp/metadata")
step "The server offers $scopes; before production it requires: $flows."

contact="ops-$$-$(date +%s)@life.example"
jq -n --arg scope "$scopes" --arg contact "$contact" '{
  scope: $scope, client_name: "Whole Life", contacts: [$contact],
  client_uri: "https://life.example/", cds_company_kind: "company",
  cds_purposes: [{id: "", name: "Advice for homes", related_uri: null, related_name: null,
    content: "We look for devices that use more than they should.", scopes_supported: []}]
}' >"$tmp/registration"
call 201 "" POST "$(published registration_endpoint)" --data-binary "@$tmp/registration"
admin_id=$(answer .client_id)
admin=$(ask_token 200 "$admin_id" "$(answer .client_secret)" cds_client_admin)
call 200 "$admin" GET "$clients_api"
step "Registered for all of them: $(answer '.clients | length') Clients, including" \
  "$(answer '[.clients[] | select(.cds_status == "sandbox")] | length') for the sandbox."

messages '.[] | select(.status == "open")' -c >"$tmp/asked"
staff list_requests --all
first=$(jq -r .message_id "$tmp/asked" | head -n 1)
registration=$(awk -v id="$first" '$1 == id { print $5 }' "$tmp/staff")
[ -n "$registration" ] || stop "staff do not see the Message $first"
step "The server requires $(wc -l <"$tmp/asked") steps; staff see them for $registration."

while read -r asked; do
  uri=$(printf %s "$asked" | jq -r .uri)
  link=$(printf %s "$asked" | jq -r .related_uri)
  id=$(printf %s "$asked" | jq -r .message_id)
  case $(printf %s "$asked" | jq -r '.type + ": " + .name') in
    "online_form_request: Confirm the contact address")
      fill "$link" send=1
      mailed_code "$contact"
      fill "$link" "code=$code"
      answered "$uri" complete
      step "email_verification: $contact is verified with the code $code from the email."
      ;;
    "online_form_request: Accept the terms for data recipients")
      open_page "$link"
      read_terms=$(sed -n 's/.*name="shown" value="\([^"]*\)".*/\1/p' "$tmp/page")
      fill "$link" name="Dev" title=Director agree=on "shown=$read_terms"
      answered "$uri" "pending complete"
      step "online_form: the terms are accepted by typing a name."
      ;;
    "online_form_request: Sign in as a customer")
      open_page "$link"
      sign_in=$(sed -n 's/.*href="\([^"]*\/login\/?next=[^"]*\)".*/\1/p' "$tmp/page" | head -n 1)
      fill "$cds$sign_in" "login=$customer" "password=$password" "next=${sign_in#*next=}"
      open_page "$link"
      who=$(sed -n 's/.*name="customer" value="\([^"]*\)".*/\1/p' "$tmp/page")
      fill "$link" "customer=$who"
      answered "$uri" "pending complete"
      step "sso_verification: $customer has signed in and is linked."
      ;;
    pdf_form_request:*)
      curl -sS -f -o "$tmp/form.pdf" "$link" || stop "$link does not open"
      base64 <"$tmp/form.pdf" | tr -d '\n' >"$tmp/form.base64"
      jq -n --arg uri "$uri" --rawfile data "$tmp/form.base64" '{
        type: "client_submission", name: "", description: "", previous_uri: $uri,
        attachments: [{filename: "form.pdf", mime_type: "application/pdf", data: $data}]
      }' >"$tmp/submission"
      post "$tmp/submission"
      answered "$uri" pending
      approve "$id" "The form is complete."
      answered "$uri" "pending complete"
      step "pdf_form: the blank form is sent back as an attachment, and staff accept it."
      ;;
    payment_request:*)
      fee=$(printf %s "$asked" | jq -r '"\(.currency) \(.amount)"')
      open_page "$link"
      reference=$(grep -o 'Reference number</dt><dd>[^<]*' "$tmp/page" | sed 's/.*>//')
      fill "$link"
      answered "$uri" pending
      staff onboarding approve "$reference" --by "$moderator"
      answered "$uri" "pending complete"
      open_page "$(messages '.[] | select(.previous_uri == $uri and .related_type ==
        "payment_receipt") | .related_uri' --arg uri "$uri")"
      grep -q "$reference" "$tmp/page" || stop "the receipt does not name $reference"
      step "payment_required: $fee by invoice $reference; staff confirm that it arrived; the receipt opens."
      ;;
    *) stop "this script does not know how to do: $asked" ;;
  esac
done <"$tmp/asked"
[ -z "$(messages '.[] | select(.status == "open") | .name')" ] || stop "a step is still open"

messages '.[] | select(.type == "production_request" and .status == "pending") | .message_id' \
  >"$tmp/reviews"
while read -r id; do
  approve "$id" Welcome.
  answered "$messages_api/$id" complete
done <"$tmp/reviews"
live=$(clients '.cds_status == "production" and .response_types != []' .scope)
step "internal_review: staff approve $(wc -l <"$tmp/reviews"). In production now: $(printf %s "$live" | tr '\n' ' ')."

clients '.cds_status == "sandbox"' >"$tmp/sandboxes"
while read -r sandbox; do
  printf %s "$sandbox" | jq '{type: "production_request", previous_uri: null, name: "Ready",
    description: "We have tested with the test accounts.", related_uri: .cds_client_uri}' \
    >"$tmp/request"
  post "$tmp/request"
  id=$(answer .message_id)
  approve "$id" "Good work."
  made=$(messages '.[] | select(.previous_uri == $uri and .status == "complete") | .related_uri' \
    --arg uri "$messages_api/$id")
  call 200 "$admin" GET "$made"
  step "Production is requested and approved: $(answer .client_id) for $(answer .scope)."
  call 400 "$admin" POST "$messages_api" --data-binary "@$tmp/request"
  step "A second request is refused: $(answer .error_description | cut -c 1-80) ..."
done <"$tmp/sandboxes"

files_scope=$(published 'cds_scope_descriptions | map(select(.type ==
  "cds_server_provided_files")) | .[0].id')
has_files=".scope | split(\" \") | index(\"$files_scope\")"
files_client=$(clients "$has_files" .client_id)
{
  printf '%%PDF-1.7\n'
  head -c $((megabytes * 1048576 - 9)) /dev/urandom
} >"$tmp/plan.pdf"
staff upload_file "$registration" "$tmp/plan.pdf" --by "$moderator"
file=$(tail -n 1 "$tmp/staff")
staff grant_file "$files_client" "$files_scope" "$file" --by "$moderator"
grant=$(messages '[.[] | select(.related_type == "grant") | .related_uri] | last')
call 200 "$admin" GET "$grant"
[ "$(answer .status)" = active ] || stop "the Grant is not active"
step "Staff share a file; a Message links to its Grant $(answer .grant_id)."

reader_scope=$(published "cds_scope_descriptions.$files_scope.grant_admin_scope")
reader=$(clients ".scope == \"$reader_scope\"" .client_id)
call 200 "$admin" GET "$grant"
access=$(answer -c --arg type "$reader_scope" '[{type: $type, client_id, grant_id}]')
secret_of "$reader" >"$tmp/old"
old=$(jq -r .client_secret "$tmp/old")
by_old=$(ask_token 200 "$reader" "$old" "$reader_scope" "$access")
call 201 "$admin" POST "$credentials_api" -d "{\"client_id\": \"$reader\"}"
new=$(answer .client_secret)
by_new=$(ask_token 200 "$reader" "$new" "$reader_scope" "$access")
later=$(($(date +%s) + 3600))
call 200 "$admin" PATCH "$(jq -r .uri "$tmp/old")" -d "{\"client_secret_expires_at\": $later}"
ask_token 200 "$reader" "$old" "$reader_scope" "$access" >/dev/null
call 200 "$by_old" GET "$files_api"
call 200 "$by_new" GET "$files_api"
step "The secret of $reader is rotated: for an hour, both the old one and the new one work."

call 200 "$admin" PATCH "$(jq -r .uri "$tmp/old")" -d "{\"client_secret_expires_at\": $(date +%s)}"
call 401 "$by_old" GET "$files_api"
error=$(ask_token 401 "$reader" "$old" "$reader_scope" "$access")
call 200 "$by_new" GET "$files_api"
step "The old secret has ended: its token gets 401, it can't get another ($error); the new one works."

call 200 "$by_new" GET "$files_api"
download=$(answer '.files[0].download_uri')
call 200 "$by_new" GET "$download"
cmp -s "$tmp/answer" "$tmp/plan.pdf" || stop "the file is not the one that staff uploaded"
call 206 "$by_new" GET "$download" -H "Range: bytes=0-1023"
head -c 1024 "$tmp/plan.pdf" | cmp -s - "$tmp/answer" || stop "the partial download is not the start of the file"
step "The file is downloaded, all $megabytes MB intact, and its first kilobyte separately."

call 200 "$admin" PATCH "$grant" -d '{"status": "closed"}'
call 401 "$by_new" GET "$files_api"
call 401 "$by_new" GET "$download"
error=$(ask_token 400 "$reader" "$new" "$reader_scope" "$access")
step "The Grant is closed: the token gets 401, and there is no new one ($error)."

base64 <"$tmp/plan.pdf" | tr -d '\n' >"$tmp/plan.base64"
jq -n --rawfile data "$tmp/plan.base64" '{
  type: "support_request", previous_uri: null, name: "A question", description: "See the plan.",
  attachments: [{filename: "plan.pdf", mime_type: "application/pdf", data: $data}]
}' >"$tmp/question"
post "$tmp/question"
id=$(answer .message_id)
staff show_request "$id" --save-files "$tmp/received"
cmp -s "$tmp/received/"*plan.pdf "$tmp/plan.pdf" || stop "staff received a different file"
step "A question with a $megabytes MB PDF is sent; staff receive it intact."

{
  printf '%%PDF-1.7\n'
  head -c $((megabytes * 1048576 - 9)) /dev/urandom
} >"$tmp/reply.pdf"
staff send_message "$registration" --subject "Our answer" --text "See the file." --by "$moderator" \
  --reply-to "$id" --attach "$tmp/reply.pdf"
reply=$(awk '/^msg_/ { print $1 }' "$tmp/staff")
call 200 "$admin" GET "$messages_api/$reply"
call 200 "$admin" GET "$(answer '.attachments[0].uri')"
cmp -s "$tmp/answer" "$tmp/reply.pdf" || stop "the reply of staff arrived as a different file"
call 200 "$admin" PATCH "$messages_api/$reply" -d '{"read": true}'
approve "$id" "Solved."
answered "$messages_api/$id" complete
step "The reply arrives with another PDF, is read, and the question is resolved."

clients '(.cds_status_options | index("disabled")) and .cds_status != "disabled"' >"$tmp/own"
while read -r client; do
  printf %s "$client" | jq '.cds_status = "disabled"' >"$tmp/change"
  call 200 "$admin" PUT "$(printf %s "$client" | jq -r .cds_client_uri)" \
    --data-binary "@$tmp/change"
done <"$tmp/own"
step "Cleaned up: $(wc -l <"$tmp/own") Clients are disabled, and their secrets have ended."
