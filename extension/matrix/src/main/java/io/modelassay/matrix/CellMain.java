package io.modelassay.matrix;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.apiguardian.api.API;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The main class of a cell's JVM. Runs what its argument, a file, asks for, and ends with 0 whatever the tests say. It starts
 * when its standard input gives a byte, and halts when that ends: when whoever started it is gone.
 */
@API(status = API.Status.INTERNAL)
public final class CellMain {
    /** What the JVM itself prints under {@code -XX:+ExitOnOutOfMemoryError}. */
    static final String OUT_OF_MEMORY_TEXT = "Terminating due to java.lang.OutOfMemoryError";

    /** The exit code that the JVM itself has under {@code -XX:+ExitOnOutOfMemoryError}. */
    static final int OUT_OF_MEMORY = 3;

    private static final int ORPHANED = 70;

    private CellMain() {}

    /** Runs a cell and ends the JVM. */
    public static void main(String[] args) throws IOException {
        InputStream parent = new FileInputStream(FileDescriptor.in);
        System.setIn(InputStream.nullInputStream());
        if (parent.read() < 0) {
            haltOrphaned();
        }
        watch(parent);
        try {
            run(CellRequest.read(Path.of(args[0])));
        } catch (OutOfMemoryError e) {
            // Thrown by Java code, as for direct buffers, it does not end the JVM by itself.
            System.out.println(OUT_OF_MEMORY_TEXT + ": " + e.getMessage());
            System.out.flush();
            Runtime.getRuntime().halt(OUT_OF_MEMORY);
        }
        System.exit(0);
    }

    private static void run(CellRequest request) throws IOException {
        LauncherDiscoveryRequest discovery = CellSelection.discovery(request);
        try (CellListener listener = new CellListener(request.events())) {
            LauncherFactory.create().execute(discovery, listener);
            listener.runFinished();
        }
    }

    private static void watch(InputStream parent) {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (parent.read() >= 0) {
                            // nothing more is said
                        }
                    } catch (IOException e) {
                        // as good as its end
                    }
                    haltOrphaned();
                },
                "modelassay-parent-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private static void haltOrphaned() {
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
        Runtime.getRuntime().halt(ORPHANED);
    }
}
