package gateway

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
)

func TestATableHasNoFormulas(t *testing.T) {
	text := string(table([]string{"user", "model"}, []store.Used{
		{By: []string{`=HYPERLINK("http://x","y")`, "a:1"}, Requests: 1, Input: 2, Output: 3, GPU: 0.5, Cost: 1_500_000_000},
		{By: []string{"@x", "+1"}}, {By: []string{"-1", "\tx"}}, {By: []string{"anna, b", ""}},
	}))
	wanted := "user,model,requests,inputTokens,outputTokens,gpuSeconds,cost\n" +
		`"'=HYPERLINK(""http://x"",""y"")",a:1,1,2,3,0.500,1.500000000` + "\n" +
		"'@x,'+1,0,0,0,0.000,0.000000000\n'-1,'\tx,0,0,0,0.000,0.000000000\n" + `"anna, b",,0,0,0,0.000,0.000000000` + "\n"
	if text != wanted {
		t.Errorf("got\n%s", text)
	}
}

func TestSelection(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	what, format, problems := selection(url.Values{"by": {"user,day"}, "to": {"2026-03-02"}, "format": {"csv"}}, now)
	if len(problems) > 0 || format != "csv" || what.From != time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) || what.To.Day() != 2 || len(what.By) != 2 {
		t.Errorf("got %+v, %s, %q", what, format, problems)
	}
	_, _, problems = selection(url.Values{"by": {"colour"}, "from": {"yesterday"}, "format": {"xml"}, "user": {"x"}}, now)
	if text := strings.Join(problems, "\n"); len(problems) != 4 || !strings.Contains(text, `by: got "colour", must be some of user, team`) {
		t.Errorf("got %s", text)
	}
	if _, _, problems = selection(url.Values{"from": {"2027-01-01"}}, now); len(problems) != 1 {
		t.Errorf("got %q", problems)
	}
}
