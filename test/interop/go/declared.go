package main

import (
	"log"
	"strconv"

	"errchain.dev/examples/go/chain"
	errchainv1 "errchain.dev/examples/go/gen/errchain/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// raiseDeclared raises a code of the first enum of a proto file.
func raiseDeclared(file, number string) *errchainv1.Cause {
	code, err := strconv.Atoi(number)
	if err != nil {
		log.Fatal(err)
	}
	enum := dynamicpb.NewEnumType(declaredIn(file).Enums().Get(0))
	return chain.Raise(enum.New(protoreflect.EnumNumber(code)), nil, nil)
}

// observeDeclared is the chain of a caller of the first service of a proto file, which is down.
func observeDeclared(file string) *errchainv1.ErrorChain {
	service := declaredIn(file).Services().Get(0)
	own := chain.Observed(service, errchainv1.Status_STATUS_UNAVAILABLE, "it is down")
	return chain.Read(chain.Join(own, nil))
}

func declaredIn(file string) protoreflect.FileDescriptor {
	described := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(unhex(file), described); err != nil {
		log.Fatal(err)
	}
	declared, err := protodesc.NewFile(described, nil)
	if err != nil {
		log.Fatal(err)
	}
	return declared
}
