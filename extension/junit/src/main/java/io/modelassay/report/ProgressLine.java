package io.modelassay.report;

import io.modelassay.checkpoint.ScanProgress;
import io.modelassay.failure.Printable;
import io.modelassay.runtime.Progress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * How far long work has come, on standard error: one line that is written over on a terminal; elsewhere a plain line every
 * few seconds, so that a log neither stays silent nor fills.
 */
@API(status = API.Status.INTERNAL)
public final class ProgressLine implements Progress, ScanProgress {
    private static final long TERMINAL_NANOS = 100_000_000L;
    private static final long LOG_NANOS = 5_000_000_000L;

    private final PrintWriter err;
    private final boolean terminal;
    private long last = System.nanoTime();
    private int width;

    private ProgressLine(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    /** On {@code err}, in the manner that standard error asks for. */
    public static ProgressLine on(PrintWriter err) {
        return new ProgressLine(err, standardErrorIsTerminal());
    }

    /** Java knows of standard input and output together only; Linux tells where descriptor 2 leads. */
    private static boolean standardErrorIsTerminal() {
        Path descriptor = Path.of("/proc/self/fd/2");
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public synchronized void step(String task, int done, int total) {
        show(task + " " + done + " of " + total);
    }

    @Override
    public synchronized void scanned(long bytesDone, long bytesTotal) {
        show("scanned " + (bytesDone >> 20) + " of " + (bytesTotal >> 20) + " MiB");
    }

    @Override
    public synchronized void notice(String text) {
        end();
        err.println(Printable.line(text));
        err.flush();
    }

    private void show(String progress) {
        String text = Printable.line(progress);
        long now = System.nanoTime();
        if (now - last < (terminal ? TERMINAL_NANOS : LOG_NANOS)) {
            return;
        }
        last = now;
        if (terminal) {
            err.print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
            width = text.length();
        } else {
            err.println(text);
        }
        err.flush();
    }

    /** Clears the line, so that what follows starts on a clean one. */
    public synchronized void end() {
        if (width > 0) {
            err.print("\r" + " ".repeat(width) + "\r");
            err.flush();
            width = 0;
        }
    }
}
