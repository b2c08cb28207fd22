package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/mmcdole/gofeed"
)

func main() {
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		body, err := os.Open(scanner.Text())
		out := []map[string]any{}
		head := map[string]any{}
		if err == nil {
			func() {
				defer func() { recover() }()
				feed, err := gofeed.NewParser().Parse(body)
				if err != nil || feed == nil {
					return
				}
				head["title"], head["home"], head["language"] = feed.Title, feed.Link, feed.Language
				head["self"] = feed.FeedLink
				if feed.Image != nil {
					head["icon"] = feed.Image.URL
				}
				if feed.UpdatedParsed != nil {
					head["updated"] = feed.UpdatedParsed.UTC().Format(time.RFC3339)
				}
				if feed.PublishedParsed != nil {
					head["published"] = feed.PublishedParsed.UTC().Format(time.RFC3339)
				}
				for _, item := range feed.Items {
					entry := map[string]any{"title": item.Title, "url": item.Link, "tags": item.Categories}
					text := item.Content
					if len(item.Description) > len(text) {
						text = item.Description
					}
					entry["text"] = text
					names := []string{}
					for _, author := range item.Authors {
						name := author.Name
						if name == "" {
							name = author.Email
						}
						names = append(names, name)
					}
					entry["authors"] = names
					if item.PublishedParsed != nil {
						entry["published"] = item.PublishedParsed.UTC().Format(time.RFC3339)
					}
					if item.UpdatedParsed != nil {
						entry["updated"] = item.UpdatedParsed.UTC().Format(time.RFC3339)
					}
					out = append(out, entry)
				}
			}()
			body.Close()
		}
		line, _ := json.Marshal(map[string]any{"feed": head, "entries": out})
		fmt.Println(string(line))
	}
}
