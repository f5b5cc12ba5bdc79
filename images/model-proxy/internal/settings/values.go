package settings

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func whole(into *int, least, most int) func(string) error {
	return func(value string) error {
		number, err := strconv.Atoi(value)
		if err != nil || number < least || number > most {
			return fmt.Errorf("a whole number from %d to %d", least, most)
		}
		*into = number
		return nil
	}
}

func seconds(into *time.Duration, least, most int) func(string) error {
	return func(value string) error {
		var number int
		if err := whole(&number, least, most)(value); err != nil {
			return fmt.Errorf("%w of seconds", err)
		}
		*into = time.Duration(number) * time.Second
		return nil
	}
}

// listen takes HOST:PORT with an empty or literal host.
func listen(into *string, loopbackOnly bool) func(string) error {
	return func(value string) error {
		host, port, err := net.SplitHostPort(value)
		number, portErr := strconv.Atoi(port)
		if err != nil || portErr != nil || number < 0 || number > 65535 {
			return errors.New("an address to listen on, such as :11434 or 127.0.0.1:9465")
		}
		address, hostErr := netip.ParseAddr(host)
		if host != "" && hostErr != nil {
			return errors.New("an address to listen on with an IP address or nothing before the colon")
		}
		if loopbackOnly && !address.IsLoopback() {
			return errors.New("a loopback address, such as 127.0.0.1:9465: it takes orders without asking who gives them")
		}
		*into = value
		return nil
	}
}

func upstream(into **url.URL) func(string) error {
	return func(value string) error {
		address, err := url.Parse(value)
		if err != nil || address.Scheme != "http" || address.Host == "" || strings.Trim(address.Path, "/") != "" || address.RawQuery != "" || address.User != nil {
			return errors.New("an address like http://127.0.0.1:11435, without a path")
		}
		*into = address
		return nil
	}
}

// list takes names apart by commas.
func list(into *[]string) func(string) error {
	return func(value string) error {
		for _, name := range strings.Split(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				*into = append(*into, name)
			}
		}
		return nil
	}
}

// backends takes HOST:PORT, or several apart by commas.
func backends(into *[]Backend) func(string) error {
	return func(value string) error {
		for _, one := range strings.Split(value, ",") {
			host, port, err := net.SplitHostPort(strings.TrimSpace(one))
			number, portErr := strconv.ParseUint(port, 10, 16)
			if err != nil || portErr != nil || host == "" || number == 0 {
				return errors.New("a host and a port, such as pool-active.namespace.svc:11434; several with commas between")
			}
			*into = append(*into, Backend{Host: host, Port: uint16(number)})
		}
		return nil
	}
}
