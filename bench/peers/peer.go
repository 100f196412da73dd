// SPDX-License-Identifier: MIT
// peer CASE N ROUNDS: see avow.c. A waiting goroutine takes the place of a
// promise with a handler, and its channel takes the place of the promise.
package main

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

var n int

func channels() []chan int {
	all := make([]chan int, n)
	for i := range all {
		all[i] = make(chan int, 1)
	}
	return all
}

func settle() {
	var done sync.WaitGroup
	waiting := channels()
	done.Add(n)
	for _, c := range waiting {
		go func(c chan int) {
			<-c
			done.Done()
		}(c)
	}
	for _, c := range waiting {
		c <- 1
	}
	done.Wait()
}

func chain() {
	first := make(chan int, 1)
	last := first
	for i := 0; i < n; i++ {
		next := make(chan int, 1)
		go func(from, to chan int) { to <- 1 + <-from }(last, next)
		last = next
	}
	first <- 0
	<-last
}

func await() {
	for i := 0; i < n; i++ {
		c := make(chan int, 1)
		c <- 1
		<-c
	}
}

func start() {
	var done sync.WaitGroup
	done.Add(n)
	for i := 0; i < n; i++ {
		go done.Done()
	}
	done.Wait()
}

func channel() {
	c := make(chan int)
	go func() {
		for i := 0; i < n; i++ {
			c <- 1
		}
	}()
	for i := 0; i < n; i++ {
		<-c
	}
}

func sleep() {
	var done sync.WaitGroup
	done.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			time.Sleep(time.Millisecond)
			done.Done()
		}()
	}
	done.Wait()
}

func file() {
	var done sync.WaitGroup
	done.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			if _, err := os.ReadFile(os.Getenv("PEER_FILE")); err != nil {
				os.Exit(1)
			}
			done.Done()
		}()
	}
	done.Wait()
}

// The settling goroutine has a thread of its own.
func thread() {
	waiting := channels()
	go func() {
		runtime.LockOSThread()
		for _, c := range waiting {
			c <- 1
		}
	}()
	for _, c := range waiting {
		<-c
	}
}

func pending() {
	for _, c := range channels() {
		go func(c chan int) { <-c }(c)
	}
	runtime.Gosched()
	os.Exit(0)
}

func main() {
	cases := map[string]func(){
		"settle": settle, "chain": chain, "await": await, "start": start,
		"channel": channel, "sleep": sleep, "file": file, "thread": thread,
		"pending": pending,
	}
	run := cases[os.Args[1]]
	n, _ = strconv.Atoi(os.Args[2])
	rounds, _ := strconv.Atoi(os.Args[3])
	if run == nil {
		os.Exit(3)
	}
	for i := 0; i < rounds; i++ {
		run()
	}
}
