import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.io.OutputStream;
import java.util.List;

/**
 * Serves MongoDB's wire protocol, with change streams, on a loopback port: java Server PORT FILE. It ends when its
 * standard input does, so that no server outlives the test run that started it; the file keeps the content.
 */
public final class Server {
    /** The server's own idea of MongoDB 5 says wire version 8, to which the driver of today does not speak. */
    private record Version() implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 13;
        }
    }

    public static void main(String[] words) throws Exception {
        H2Backend backend = new H2Backend(words[1]);
        backend.version(new Version());
        MongoServer server = new MongoServer(backend);
        server.enableOplog();
        server.bind("127.0.0.1", Integer.parseInt(words[0]));
        System.in.transferTo(OutputStream.nullOutputStream());
        server.shutdownNow();
        System.exit(0);
    }
}
