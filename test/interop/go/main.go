// Program go is a hop of the interop tests, on grpc-go or on connect-go.
// What it is asked by standard input is described in ../README.md.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"errchain.dev/examples/go/chain"
	errchainv1 "errchain.dev/examples/go/gen/errchain/v1"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// stack is a library for RPC.
type stack interface {
	serve(net.Listener) error
	call(address string, o order, service protoreflect.ServiceDescriptor) (text string, failed *failure)
}

type hop struct {
	name  string
	stack stack
}

func main() {
	log.SetFlags(0)
	h := &hop{}
	switch strings.Join(os.Args[1:], " ") {
	case "grpc":
		h.name, h.stack = "go", &grpcStack{hop: h}
	case "connect":
		h.name, h.stack = "go-connect", newConnectStack(h)
	default:
		log.Fatal("usage: hop grpc|connect")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	go func() { log.Fatal(h.stack.serve(listener)) }()

	commands := bufio.NewScanner(os.Stdin)
	commands.Buffer(nil, 1<<22)
	for commands.Scan() {
		answered, err := json.Marshal(h.run(strings.Split(commands.Text(), " ")))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(answered))
	}
}

// result is what a command gives. It is the same in all languages.
type result struct {
	Status  int             `json:"status"`
	Text    string          `json:"text,omitempty"`
	Codes   []string        `json:"codes,omitempty"`
	Root    json.RawMessage `json:"root,omitempty"`
	Chain   json.RawMessage `json:"chain,omitempty"`
	Whole   int             `json:"whole,omitempty"`
	Encoded string          `json:"encoded,omitempty"`
}

func (h *hop) run(command []string) result {
	switch command[0] {
	case "call":
		return h.callOften(command[1], command[2], command[3:])
	case "read":
		return describe(chain.Read(unhex(command[1])))
	case "details":
		status := &spb.Status{}
		encoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(command[1], "="))
		if err != nil || proto.Unmarshal(encoded, status) != nil {
			return result{}
		}
		for _, detail := range status.Details {
			if strings.HasSuffix(detail.TypeUrl, "/errchain.v1.ErrorChain") {
				described := describe(chain.Read(detail.Value))
				described.Status = int(status.Code)
				return described
			}
		}
		return result{Status: int(status.Code)}
	case "join":
		own := &errchainv1.Cause{}
		if err := proto.Unmarshal(unhex(command[1]), own); err != nil {
			log.Fatal(err)
		}
		var below [][]byte
		for _, encoded := range command[3:] {
			below = append(below, unhex(encoded))
		}
		return result{Encoded: hex.EncodeToString(chain.Join(own, unhex(command[2]), below...))}
	case "raise":
		return result{Root: toJSON(raiseDeclared(command[1], command[2]))}
	case "observe":
		return describe(observeDeclared(command[1]))
	}
	log.Fatalf("unknown command %q", command[0])
	return result{}
}

// callOften places an order a number of times, and counts the errors that brought the same whole chain as the first.
func (h *hop) callOften(target, times string, headers []string) result {
	given := map[string]string{}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, "=")
		given[name] = value
	}
	o := readOrder(func(name string) string { return given[name] }, "弥勒巷3号", "生鲜", "4711")
	o.next = append([]string{target}, o.next...) // headers() leaves out the first
	var first result
	count, err := strconv.Atoi(times)
	if err != nil {
		log.Fatal(err)
	}
	for n := range count {
		text, failed := h.stack.call(target, o, wmsService)
		if failed == nil {
			return result{Text: text}
		}
		received := describe(chain.Read(failed.chain))
		received.Status = failed.status
		if n == 0 {
			first = received
		}
		if received.Status == first.Status && slices.Equal(received.Codes, first.Codes) {
			first.Whole++
		}
	}
	return first
}

func describe(received *errchainv1.ErrorChain) result {
	if received == nil {
		return result{}
	}
	described := result{
		Status: int(received.Causes[0].Status),
		Chain:  toJSON(received),
		Root:   toJSON(chain.Root(received)),
	}
	for _, cause := range received.Causes {
		described.Codes = append(described.Codes, chain.FullCode(cause))
	}
	return described
}

func toJSON(message proto.Message) json.RawMessage {
	text, err := protojson.Marshal(message)
	if err != nil {
		log.Fatal(err)
	}
	return text
}

func unhex(text string) []byte {
	decoded, err := hex.DecodeString(text)
	if err != nil {
		log.Fatal(err)
	}
	return decoded
}

// pool makes each thing once.
type pool[T any] struct {
	mutex sync.Mutex
	made  map[string]T
}

func (p *pool[T]) get(key string, make func() (T, error)) (T, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if found, ok := p.made[key]; ok {
		return found, nil
	}
	made, err := make()
	if err != nil {
		return made, err
	}
	if p.made == nil {
		p.made = map[string]T{}
	}
	p.made[key] = made
	return made, nil
}
