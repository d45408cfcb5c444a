package call

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

func init() {
	apis["show"] = func(x *Exec, args string) string { return x.showCalls(strings.Fields(args)) }
	apis["status"] = func(x *Exec, _ string) string { return x.manager.status(time.Now()) }
	apis["version"] = func(x *Exec, args string) string {
		if strings.TrimSpace(args) == "short" {
			return x.manager.version() + "\n"
		}
		return "rms Version " + x.manager.version() + "\n"
	}
	apis["reloadxml"] = func(x *Exec, _ string) string {
		reload := x.manager.opts.Reload
		if reload == nil {
			return "-ERR not available: this server cannot reload its script\n"
		}
		if err := reload(); err != nil {
			return failed(err)
		}
		return "+OK [Success]\n"
	}
}

func (m *Manager) version() string {
	if m.opts.Version == "" {
		return "unknown"
	}
	return m.opts.Version
}

// status says how the server is doing, in the lines of the original as far as they
// make sense here.
func (m *Manager) status(now time.Time) string {
	live := m.Len()
	return fmt.Sprintf("UP %s\nrms (Version %s) is ready\n%d session(s) since startup\n%d session(s) - peak %d, last 5min %d \n",
		upFor(now.Sub(m.started)), m.version(), m.total.Load(), live, max(int(m.meters.peak.Load()), live), live)
}

// upFor writes a duration as the original does.
func upFor(d time.Duration) string {
	const day = 24 * time.Hour
	parts := []struct {
		n    int64
		unit string
	}{
		{int64(d / (365 * day)), "year"}, {int64(d % (365 * day) / day), "day"}, {int64(d % day / time.Hour), "hour"},
		{int64(d % time.Hour / time.Minute), "minute"}, {int64(d % time.Minute / time.Second), "second"},
		{int64(d % time.Second / time.Millisecond), "millisecond"}, {int64(d % time.Millisecond / time.Microsecond), "microsecond"},
	}
	var out []string
	for _, p := range parts {
		s := "s"
		if p.n == 1 {
			s = ""
		}
		out = append(out, strconv.FormatInt(p.n, 10)+" "+p.unit+s)
	}
	return strings.Join(out, ", ")
}

// Columns of the tables that show prints, as in FreeSWITCH 1.10.
const (
	channelColumns = "uuid,direction,created,created_epoch,name,state,cid_name,cid_num,ip_addr,dest,application,application_data,dialplan,context," +
		"read_codec,read_rate,read_bit_rate,write_codec,write_rate,write_bit_rate,secure,hostname,presence_id,presence_data,accountcode," +
		"callstate,callee_name,callee_num,callee_direction,call_uuid,sent_callee_name,sent_callee_num,initial_cid_name,initial_cid_num," +
		"initial_ip_addr,initial_dest,initial_dialplan,initial_context"
	callColumns = "uuid,direction,created,created_epoch,name,state,cid_name,cid_num,ip_addr,dest,presence_id,presence_data,accountcode," +
		"callstate,callee_name,callee_num,callee_direction,call_uuid,hostname,sent_callee_name,sent_callee_num,b_uuid,b_direction,b_created," +
		"b_created_epoch,b_name,b_state,b_cid_name,b_cid_num,b_ip_addr,b_dest,b_presence_id,b_presence_data,b_accountcode,b_callstate," +
		"b_callee_name,b_callee_num,b_callee_direction,b_sent_callee_name,b_sent_callee_num,call_created_epoch"
)

const showUsage = "-USAGE: calls|channels [count] [as json]\n"

func (x *Exec) showCalls(words []string) string {
	if len(words) == 0 {
		return showUsage
	}
	columns := callColumns
	switch words[0] {
	case "calls":
	case "channels":
		columns = channelColumns
	default:
		return showUsage
	}
	asJSON, count := false, false
	switch rest := strings.Join(words[1:], " "); rest {
	case "":
	case "count":
		count = true
	case "as json":
		asJSON = true
	case "count as json":
		asJSON, count = true, true
	default:
		return showUsage
	}
	list := x.manager.List()
	if count && asJSON {
		return fmt.Sprintf("{\"row_count\":%d}\n", len(list))
	}
	if count {
		return fmt.Sprintf("\n%d total.\n", len(list))
	}
	names := strings.Split(columns, ",")
	if asJSON {
		return rowsJSON(names, list)
	}
	return rowsText(columns, names, list)
}

func rowsText(columns string, names []string, list []CallInfo) string {
	var b strings.Builder
	if len(list) > 0 {
		b.WriteString(columns + "\n")
	}
	for i := range list {
		row := channelRow(&list[i])
		for n, name := range names {
			if n > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.NewReplacer(",", " ", "\n", " ", "\r", " ").Replace(row[name]))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\n%d total.\n", len(list))
	return b.String()
}

func rowsJSON(names []string, list []CallInfo) string {
	type table struct {
		Count int                 `json:"row_count"`
		Rows  []map[string]string `json:"rows,omitempty"`
	}
	out := table{Count: len(list)}
	for i := range list {
		row, full := channelRow(&list[i]), make(map[string]string, len(names))
		for _, name := range names {
			full[name] = row[name]
		}
		out.Rows = append(out.Rows, full)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return failed(err)
	}
	return string(b) + "\n"
}

// channelRow is what the tables have of a call; other columns are empty.
func channelRow(i *CallInfo) map[string]string {
	st := channelStates[i.State]
	codec, rate := codecOfInfo(i)
	from := ownVariables["sip_from_user"](i)
	to := ownVariables["sip_req_user"](i)
	epoch := strconv.FormatInt(i.Invited.Unix(), 10)
	return map[string]string{
		"uuid": i.ID, "direction": "inbound", "created": i.Invited.Format("2006-01-02 15:04:05"), "created_epoch": epoch,
		"name": channelName(i), "state": st[0], "cid_name": from, "cid_num": from, "ip_addr": hostOf(i.Source), "dest": to,
		"dialplan": "rms", "context": "default", "read_codec": codec, "read_rate": rate, "write_codec": codec, "write_rate": rate,
		"callstate": st[1], "call_uuid": i.ID, "initial_cid_name": from, "initial_cid_num": from,
		"initial_ip_addr": hostOf(i.Source), "initial_dest": to, "initial_dialplan": "rms", "initial_context": "default",
		"call_created_epoch": epoch,
	}
}
