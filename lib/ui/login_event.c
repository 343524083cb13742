#include "ui/login_event.h"

#include "base/text.h"
#include "format/json.h"

json_t *login_event_data(const struct account *account)
{
	return json_pack("{s:s, s:s?, s:s, s:o}", "platform", account->platform->id, "account",
	    text_or_null(account->name), "client", account->home->client->name, "home",
	    json_from_text(account->home->directory));
}
