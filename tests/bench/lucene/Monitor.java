import java.nio.file.*;
import java.util.*;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.*;
import org.apache.lucene.index.Term;
import org.apache.lucene.monitor.*;
import org.apache.lucene.queries.spans.*;
import org.apache.lucene.search.*;

/**
 * The peer: Lucene Monitor with its term-filtering presearcher, on one thread, given tokens and stems ready made.
 * RULES has one rule a line in prefix notation, ARTICLES one article a line with tab-separated fields. Prints load
 * seconds, match seconds, and then the numbers of the matching rules of each article.
 */
public class Monitor {
    static final String[] FIELDS = {"title_t", "title_s", "body_t", "body_s", "lang", "source", "tag"};

    public static void main(String[] args) throws Exception {
        List<MonitorQuery> rules = new ArrayList<>();
        int number = 0;
        for (String line : Files.readAllLines(Path.of(args[0])))
            rules.add(new MonitorQuery(Integer.toString(number++), read(new StringTokenizer(line), null)));
        List<Document> articles = new ArrayList<>();
        List<String> lines = Files.readAllLines(Path.of(args[1]));
        try (var monitor = new org.apache.lucene.monitor.Monitor(new WhitespaceAnalyzer(), new TermFilteredPresearcher())) {
            long begin = cpu();
            monitor.register(rules);
            double load = (cpu() - begin) / 1e9;
            for (int n = 0; n < Math.min(lines.size(), 150); n++)
                monitor.match(article(lines.get(n)), QueryMatch.SIMPLE_MATCHER);
            StringBuilder out = new StringBuilder();
            begin = cpu();
            List<MatchingQueries<QueryMatch>> found = new ArrayList<>();
            for (String line : lines) found.add(monitor.match(article(line), QueryMatch.SIMPLE_MATCHER));
            double match = (cpu() - begin) / 1e9;
            for (var matches : found) {
                for (QueryMatch match1 : matches.getMatches()) out.append(match1.getQueryId()).append(' ');
                out.append('\n');
            }
            System.out.println(load + " " + match);
            System.out.print(out);
        }
    }

    /** Nanoseconds of the processor that this thread has had. */
    static long cpu() {
        return java.lang.management.ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    static Document article(String line) {
        String[] values = line.split("\t", -1);
        Document document = new Document();
        for (int n = 0; n < FIELDS.length; n++)
            if (!values[n].isEmpty()) document.add(new TextField(FIELDS[n], values[n], Field.Store.NO));
        return document;
    }

    static Query read(StringTokenizer in, String part) {
        String kind = in.nextToken();
        switch (kind) {
            case "and": case "or": {
                var builder = new BooleanQuery.Builder();
                for (int n = Integer.parseInt(in.nextToken()); n > 0; n--) {
                    String next = in.nextToken();
                    if (next.equals("not")) builder.add(read(in, part), BooleanClause.Occur.MUST_NOT);
                    else builder.add(read(new Pushed(next, in), part),
                        kind.equals("and") ? BooleanClause.Occur.MUST : BooleanClause.Occur.SHOULD);
                }
                return builder.build();
            }
            case "in": { String field = in.nextToken(); return read(in, field); }
            case "is": return new TermQuery(new Term(in.nextToken(), in.nextToken()));
            case "word": { String text = in.nextToken(); return parts(part, field -> new TermQuery(new Term(field + "_s", text))); }
            case "prefix": { String text = in.nextToken(); return parts(part, field -> new PrefixQuery(new Term(field + "_t", text))); }
            case "phrase": {
                String[] words = words(in);
                return parts(part, field -> new PhraseQuery(field + "_t", words));
            }
            case "near": {
                int distance = Integer.parseInt(in.nextToken());
                String[] words = words(in);
                return parts(part, field -> {
                    var builder = SpanNearQuery.newUnorderedNearQuery(field + "_t").setSlop(distance);
                    for (String word : words) builder.addClause(new SpanTermQuery(new Term(field + "_t", word)));
                    return builder.build();
                });
            }
            default: throw new IllegalArgumentException(kind);
        }
    }

    interface Leaf { Query in(String field); }

    static Query parts(String part, Leaf leaf) {
        if (part != null) return leaf.in(part);
        return new BooleanQuery.Builder().add(leaf.in("title"), BooleanClause.Occur.SHOULD)
            .add(leaf.in("body"), BooleanClause.Occur.SHOULD).build();
    }

    static String[] words(StringTokenizer in) {
        String[] words = new String[Integer.parseInt(in.nextToken())];
        for (int n = 0; n < words.length; n++) words[n] = in.nextToken();
        return words;
    }

    /** Puts one token back in front of the rest. */
    static class Pushed extends StringTokenizer {
        private String first;
        private final StringTokenizer rest;
        Pushed(String first, StringTokenizer rest) { super(""); this.first = first; this.rest = rest; }
        @Override public String nextToken() {
            if (first == null) return rest.nextToken();
            String token = first;
            first = null;
            return token;
        }
    }
}
