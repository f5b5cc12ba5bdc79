package gateway

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"

	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
)

// table of a report as CSV.
func table(by []string, lines []store.Used) []byte {
	var text bytes.Buffer
	writer := csv.NewWriter(&text) // it fails only where its writer does
	_ = writer.Write(append(append([]string{}, by...), "requests", "inputTokens", "outputTokens", "gpuSeconds", "cost"))
	for _, line := range lines {
		row := make([]string, 0, len(line.By)+5)
		for _, value := range line.By {
			row = append(row, harmless(value))
		}
		row = append(row, strconv.FormatInt(line.Requests, 10), strconv.FormatInt(line.Input, 10), strconv.FormatInt(line.Output, 10),
			strconv.FormatFloat(line.GPU, 'f', 3, 64), strconv.FormatFloat(line.Cost.Amount(), 'f', 9, 64))
		_ = writer.Write(row)
	}
	writer.Flush()
	return text.Bytes()
}

// harmless to a spreadsheet, which takes a text that begins so for a formula.
func harmless(value string) string {
	if value != "" && strings.ContainsRune("=+-@\t\r\n|", rune(value[0])) {
		return "'" + value
	}
	return value
}
