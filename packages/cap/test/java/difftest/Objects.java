package difftest;

/** Fields, inheritance, interfaces, constructors, inner classes. */
final class Objects {
    interface Shape { short area(); short scaled(short factor); }
    interface Named { byte name(); }
    interface NamedShape extends Shape, Named { boolean isRound(); }

    abstract static class Base implements Shape {
        protected short width;
        short height;
        private byte kind;
        boolean flag;
        Base next;
        static short made;

        Base(short width, short height, byte kind) {
            this.width = width;
            this.height = height;
            this.kind = kind;
            made++;
            init();
        }

        void init() { flag = width > height; }
        public abstract short area();
        public short scaled(short factor) { return (short) (area() * factor); }
        byte kind() { return kind; }
        protected short both() { return (short) (width + height); }
        private short secret() { return (short) (kind * 3); }
        short useSecret(Base other) { return (short) (secret() - other.secret()); }
    }

    static class Box extends Base {
        byte[] colours = {1, 2, 3};
        Box(short width, short height) { super(width, height, (byte) 1); }
        public short area() { return (short) (width * height); }
        public short scaled(short factor) { return (short) (super.scaled(factor) + 1); }
        short onlyBox() { return colours[1]; }
    }

    static final class Cube extends Box implements NamedShape {
        private short depth = 7;
        Cube(short side) { super(side, side); depth += side; }
        void init() { super.init(); flag = !flag; height = (short) (height + 1); }
        public short area() { return (short) (super.area() * 6 + depth); }
        public byte name() { return 'C'; }
        public boolean isRound() { return false; }
        protected short both() { return (short) (super.both() * 2); }
    }

    abstract static class Half implements NamedShape {
        public byte name() { return 'H'; }
        short viaMiranda() { return (short) (area() + scaled((short) 2)); }
    }

    static class Ball extends Half {
        final short radius;
        Ball(short radius) { this.radius = radius; }
        public short area() { return (short) (radius * radius * 3); }
        public short scaled(short factor) { return (short) (area() / (factor == 0 ? 1 : factor)); }
        public boolean isRound() { return true; }
    }

    /** Not static: holds its outer object. */
    final class Inner {
        short value;
        Inner(short value) { this.value = (short) (value + base); }
        short bump() { base++; value += base; return value; }
    }

    private short base;
    private boolean seen;
    private byte small;

    short chained(short a, short b) {
        small = (byte) (base = (short) (a + b));
        base += small;
        base <<= 1;
        small++;
        seen = !seen;
        seen |= base > 0;
        base = seen ? base : (short) -base;
        this.base = this.small = (byte) (base ^ small);
        return (short) (base * 2 + small);
    }

    static short run(short number, short a, short b) {
        Base.made = 0;
        Shape shape = (a & 1) == 0 ? new Box(a, b) : (a & 2) == 0 ? (Shape) new Cube(a) : new Ball(b);
        switch (number) {
            case 80: return shape.area();
            case 81: return shape.scaled(b);
            case 82: return ((Base) shape).both();
            case 83: return ((NamedShape) shape).name();
            case 84: return (short) ((shape instanceof Box ? 1 : 0) + (shape instanceof NamedShape ? 2 : 0) + (shape instanceof Half ? 4 : 0) + Base.made * 8);
            case 85: { Named n = new Cube(a); return (short) (n.name() + ((NamedShape) n).area() + (((NamedShape) n).isRound() ? 1 : 0)); }
            case 86: return new Ball(a).viaMiranda();
            case 87: { Base box = new Box(a, b); box.next = new Cube(b); box.next.next = box; return (short) (box.next.next.next.area() + (box.next.flag ? 5 : 6) + box.next.height); }
            case 88: { Box box = new Box(a, b); box.colours[1] += b; return (short) (box.onlyBox() + box.kind()); }
            case 89: return new Box(a, b).useSecret(new Cube(a));
            case 90: { Base none = null; return none.area(); }
            case 91: { Box none = null; return none.width; }
            case 92: return new Objects().chained(a, b);
            case 93: { Objects o = new Objects(); o.base = a; Inner i = o.new Inner(b); i.bump(); return (short) (i.bump() + o.base); }
            case 94: { Objects o = null; return o.new Inner(b).value; }
            case 95: return new Shape() {
                short area = 5;
                public short area() { return area; }
                public short scaled(short factor) { area += factor; return area; }
            }.scaled(a);
            case 96: return (short) (new Box(a, b).equals(shape) ? 1 : shape.equals(shape) ? 2 : 3);
            default: return (short) (shape == shape && shape != null ? Base.made : -1);
        }
    }
}
