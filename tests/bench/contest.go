// The contest's rows with Go's runtime: sync.WaitGroup, goroutines and channels. The program has
// the same arguments, rows and checks as the contestants in C, which share contest.h.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	capacity   = 1024
	batch      = 64
	fallAsleep = 200 * time.Microsecond
)

type contest struct {
	name      string
	run       func(self contest)
	threads   int
	receivers int
	count     int
}

func put(self contest, elapsed time.Duration) {
	fmt.Printf("%s %.3f\n", self.name, float64(elapsed.Nanoseconds())/float64(self.count))
}

func check(what string, is, should uint64) {
	if is != should {
		fmt.Fprintf(os.Stderr, "contest: %s: %d instead of %d\n", what, is, should)
		os.Exit(1)
	}
}

// threads runs body(index) in goroutines that start together, and gives the time from the first
// one's begin to the last one's end.
func threads(count int, body func(index int)) time.Duration {
	var ready, ended sync.WaitGroup
	start := make(chan struct{})
	began := make([]time.Time, count)
	ends := make([]time.Time, count)
	ready.Add(count)
	ended.Add(count)
	for i := 0; i < count; i++ {
		go func(index int) {
			ready.Done()
			<-start
			began[index] = time.Now()
			body(index)
			ends[index] = time.Now()
			ended.Done()
		}(i)
	}
	ready.Wait()
	close(start)
	ended.Wait()
	first, last := began[0], ends[0]
	for i := 1; i < count; i++ {
		if began[i].Before(first) {
			first = began[i]
		}
		if ends[i].After(last) {
			last = ends[i]
		}
	}
	return last.Sub(first)
}

// --- Wait group ---

// Go does not tell the count, so each goroutine leaves one piece of work open at its end: a wait
// then returns after exactly as many Done, and a negative counter would panic.
func pairs(self contest) {
	var group sync.WaitGroup
	each := self.count / self.threads
	put(self, threads(self.threads, func(int) {
		for i := 0; i < each; i++ {
			group.Add(1)
			group.Done()
		}
		group.Add(1)
	}))
	group.Add(-self.threads)
	group.Wait()
}

func wake(self contest) {
	latencies := make([]int, self.count)
	armed := make(chan struct{})
	taken := make(chan struct{})
	var group sync.WaitGroup
	var doneAt time.Time
	go func() {
		for i := range latencies {
			<-armed
			group.Wait()
			latencies[i] = int(time.Since(doneAt))
			taken <- struct{}{}
		}
	}()
	for range latencies {
		group.Add(1)
		armed <- struct{}{}
		time.Sleep(fallAsleep)
		doneAt = time.Now()
		group.Done()
		<-taken
	}
	sort.Ints(latencies)
	fmt.Printf("%s-median %d\n", self.name, latencies[self.count/2])
	fmt.Printf("%s-p99 %d\n", self.name, latencies[self.count*99/100])
}

// --- Tasks ---

// Each task leaves a mark of its own, so that it can be seen that it was run.
func checkMarks(marks []uint8) {
	sum := uint64(0)
	for _, mark := range marks {
		sum += uint64(mark)
	}
	check("tasks", sum, uint64(len(marks)))
}

// A goroutine for each task.
func goroutines(self contest) {
	marks := make([]uint8, self.count)
	var group sync.WaitGroup
	began := time.Now()
	group.Add(self.count)
	for i := range marks {
		go func(mark *uint8) {
			*mark = 1
			group.Done()
		}(&marks[i])
	}
	group.Wait()
	put(self, time.Since(began))
	checkMarks(marks)
}

func goroutinesInside(self contest) {
	ended := make(chan struct{})
	go func() {
		goroutines(self)
		close(ended)
	}()
	<-ended
}

// As many goroutines as threads, which take functions from a channel.
func workers(self contest) {
	marks := make([]uint8, self.count)
	tasks := make(chan func(), capacity)
	var group sync.WaitGroup
	for i := 0; i < self.threads; i++ {
		go func() {
			for task := range tasks {
				task()
			}
		}()
	}
	began := time.Now()
	group.Add(self.count)
	for i := range marks {
		mark := &marks[i]
		tasks <- func() {
			*mark = 1
			group.Done()
		}
	}
	group.Wait()
	put(self, time.Since(began))
	close(tasks)
	checkMarks(marks)
}

// --- Channel and pipeline ---

type tally struct {
	items, sum atomic.Uint64
}

func (t *tally) check(count uint64, stages int) {
	sum := count * (count + 1) / 2
	for i := 0; i < stages; i++ {
		sum = 2*sum + count
	}
	check("items received", t.items.Load(), count)
	check("sum of the items", t.sum.Load(), sum)
}

func (t *tally) receive(channel <-chan uint64) {
	items, sum := uint64(0), uint64(0)
	for item := range channel {
		items++
		sum += item
	}
	t.items.Add(items)
	t.sum.Add(sum)
}

func channels(self contest) {
	channel := make(chan uint64, capacity)
	var total tally
	var sending atomic.Int32
	sending.Store(int32(self.threads))
	put(self, threads(self.threads+self.receivers, func(index int) {
		if index >= self.threads {
			total.receive(channel)
			return
		}
		for i := index + 1; i <= self.count; i += self.threads {
			channel <- uint64(i)
		}
		if sending.Add(-1) == 0 {
			close(channel)
		}
	}))
	total.check(uint64(self.count), 0)
}

// A channel of arrays, and how much of each is filled: Go's channels have no batches.
type chunk struct {
	filled int
	items  [batch]uint64
}

func sendChunks(self contest, channel chan<- chunk, first int) {
	var next chunk
	for i := first; i <= self.count; i += self.threads {
		next.items[next.filled] = uint64(i)
		next.filled++
		if next.filled == batch {
			channel <- next
			next.filled = 0
		}
	}
	if next.filled > 0 {
		channel <- next
	}
}

func (t *tally) receiveChunks(channel <-chan chunk) {
	items, sum := uint64(0), uint64(0)
	for next := range channel {
		items += uint64(next.filled)
		for _, item := range next.items[:next.filled] {
			sum += item
		}
	}
	t.items.Add(items)
	t.sum.Add(sum)
}

func batches(self contest) {
	channel := make(chan chunk, capacity/batch)
	var total tally
	var sending atomic.Int32
	sending.Store(int32(self.threads))
	put(self, threads(self.threads+self.receivers, func(index int) {
		if index >= self.threads {
			total.receiveChunks(channel)
			return
		}
		sendChunks(self, channel, index+1)
		if sending.Add(-1) == 0 {
			close(channel)
		}
	}))
	total.check(uint64(self.count), 0)
}

func pipeline(self contest) {
	var queues [3]chan uint64
	for i := range queues {
		queues[i] = make(chan uint64, capacity)
	}
	var total tally
	put(self, threads(4, func(index int) {
		switch index {
		case 0:
			for i := 1; i <= self.count; i++ {
				queues[0] <- uint64(i)
			}
			close(queues[0])
		case 1, 2:
			for item := range queues[index-1] {
				queues[index] <- 2*item + 1
			}
			close(queues[index])
		case 3:
			total.receive(queues[2])
		}
	}))
	total.check(uint64(self.count), 2)
}

// --- The program ---

var contests = []contest{
	{name: "pair-1", run: pairs, threads: 1},
	{name: "pair-2", run: pairs, threads: 2},
	{name: "pair-8", run: pairs, threads: 8},
	{name: "tasks-outside", run: goroutines},
	{name: "tasks-outside/workers", run: workers},
	{name: "tasks-inside", run: goroutinesInside},
	{name: "channel-1:1", run: channels, threads: 1, receivers: 1},
	{name: "channel-4:4", run: channels, threads: 4, receivers: 4},
	{name: "channel-8:1", run: channels, threads: 8, receivers: 1},
	{name: "batches-1:1", run: batches, threads: 1, receivers: 1},
	{name: "batches-4:4", run: batches, threads: 4, receivers: 4},
	{name: "pipeline", run: pipeline},
	{name: "wake", run: wake},
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(2)
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "list" {
		for _, row := range contests {
			fmt.Println(row.name)
		}
		return
	}
	if len(os.Args) != 4 {
		fail("usage: PROGRAM list | PROGRAM NAME COUNT PROCESSORS")
	}
	count, countError := strconv.Atoi(os.Args[2])
	processors, processorsError := strconv.Atoi(os.Args[3])
	if countError != nil || processorsError != nil || count < 1 || processors < 1 {
		fail("contest: COUNT and PROCESSORS are numbers from 1")
	}
	runtime.GOMAXPROCS(processors)
	for _, row := range contests {
		if row.name != os.Args[1] {
			continue
		}
		row.count = count
		if row.threads == 0 {
			row.threads = processors
		}
		row.run(row)
		return
	}
	fail("contest: no row " + os.Args[1])
}
